//! A Rust file as tokens: without comments, each token with its line and whether it is part of a test.

use proc_macro2::{Delimiter, LineColumn, Spacing, TokenStream, TokenTree};

use crate::{
    offence::{Offence, bites, hold},
    project,
};

/// A Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path from the root of the project.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// Its tokens, doc comments left out; none where it is not Rust.
    pub(crate) tokens: Vec<Token>,
    /// Why it is not Rust.
    pub(crate) flaw: Option<Offence>,
}

/// A token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// As it is written; `::` is one token, a raw identifier stands without `r#`.
    pub(crate) text: String,
    /// The line it begins on, from 1.
    pub(crate) line: usize,
    /// Whether it is a string.
    pub(crate) is_string: bool,
    /// Whether it is compiled for tests only.
    pub(crate) in_test: bool,
}

impl Source {
    /// Reads a file.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let mut tokens = vec![];
        let flaw = match text.parse::<TokenStream>() {
            Ok(stream) => {
                flatten(stream, is_test_file(path), &mut tokens);
                None
            }
            Err(error) => {
                let line = error.span().start().line;
                Some(Offence { path: path.to_owned(), line, what: error.to_string() })
            }
        };
        Self { path: path.to_owned(), text: text.to_owned(), tokens, flaw }
    }

    /// The tokens of the product.
    pub(crate) fn product(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| !token.in_test)
    }

    /// Every place where these tokens stand one after the other.
    pub(crate) fn find<'a>(&'a self, wanted: &'a [&str]) -> impl Iterator<Item = &'a [Token]> {
        self.tokens
            .windows(wanted.len())
            .filter(move |window| window.iter().zip(wanted).all(|(token, text)| token.text == *text))
    }

    /// Whether the file is that layer of a service, or is part of it.
    pub(crate) fn is_layer(&self, layer: &str) -> bool {
        let mut parts = self.path.split('/');
        let is_service = parts.next() == Some("services") && parts.nth(1) == Some("src");
        let name = parts.next().unwrap_or_default();
        is_service && name.strip_suffix(".rs").unwrap_or(name) == layer
    }

    /// What is wrong at a token.
    pub(crate) fn offence(&self, token: &Token, what: impl Into<String>) -> Offence {
        Offence { path: self.path.clone(), line: token.line, what: what.into() }
    }
}

/// Whether all of a file is a test.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

fn flatten(stream: TokenStream, in_test: bool, tokens: &mut Vec<Token>) {
    let trees: Vec<_> = stream.into_iter().collect();
    let mut place = 0;
    // An item that follows `#[cfg(test)]`: up to its braces, or to the semicolon.
    let mut item_in_test = false;
    while let Some(tree) = trees.get(place) {
        if let Some(length) = doc_length(&trees[place..]) {
            place += length;
            continue;
        }
        item_in_test |= is_cfg_test(&trees[place..]);
        let in_test = in_test || item_in_test;
        let push = |text: String, at: LineColumn, is_string: bool, tokens: &mut Vec<Token>| {
            tokens.push(Token { text, line: at.line, is_string, in_test });
        };
        match tree {
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                push(text.strip_prefix("r#").unwrap_or(&text).to_owned(), ident.span().start(), false, tokens);
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let is_string = text.ends_with('"') || text.ends_with("\"#");
                push(text, literal.span().start(), is_string, tokens);
            }
            TokenTree::Punct(punct) => {
                let at = punct.span().start();
                let is_path = punct.as_char() == ':'
                    && punct.spacing() == Spacing::Joint
                    && matches!(trees.get(place + 1), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                if is_path {
                    push("::".to_owned(), at, false, tokens);
                    place += 1;
                } else {
                    push(punct.as_char().to_string(), at, false, tokens);
                }
                item_in_test &= punct.as_char() != ';';
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(open.to_owned(), group.span_open().start(), false, tokens);
                flatten(group.stream(), in_test, tokens);
                push(close.to_owned(), group.span_close().start(), false, tokens);
                item_in_test &= group.delimiter() != Delimiter::Brace;
            }
        }
        place += 1;
    }
}

/// How many trees a doc comment takes that begins here.
fn doc_length(trees: &[TokenTree]) -> Option<usize> {
    let (length, group) = attribute(trees)?;
    let first = group.into_iter().next()?;
    (first.to_string() == "doc").then_some(length)
}

fn is_cfg_test(trees: &[TokenTree]) -> bool {
    attribute(trees).is_some_and(|(_, group)| group.to_string().replace(' ', "") == "cfg(test)")
}

/// An attribute that begins here: how many trees it takes, and what is in its brackets.
fn attribute(trees: &[TokenTree]) -> Option<(usize, TokenStream)> {
    let is = |tree: &TokenTree, wanted| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == wanted);
    if !is(trees.first()?, '#') {
        return None;
    }
    let bang = usize::from(is(trees.get(1)?, '!'));
    match trees.get(1 + bang)? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some((2 + bang, group.stream())),
        _ => None,
    }
}

#[test]
fn every_file_can_be_read() {
    hold(
        "Correct it: no rule sees a file that is not Rust:",
        project::sources().iter().filter_map(|it| it.flaw.clone()),
    );
}

#[test]
fn a_file_that_is_not_rust_is_named_with_its_line() {
    let source = Source::new("services/x/src/y.rs", "fn a() {}\nfn b() {\n");
    bites(source.flaw.as_slice(), &[2]);
}

#[test]
fn comments_are_no_tokens_and_tests_are_known() {
    let text =
        "//! sqlx::query\n/// tonic::Status\nfn a() {} // prost::\n#[cfg(test)]\nmod tests { fn b() {} }\nfn c() {}\n";
    let source = Source::new("services/x/src/domain/y.rs", text);
    assert!(source.is_layer("domain") && !source.is_layer("ops"));
    let product: Vec<_> = source.product().map(|token| token.text.as_str()).collect();
    assert_eq!(product, ["fn", "a", "(", ")", "{", "}", "fn", "c", "(", ")", "{", "}"]);
    assert_eq!(source.find(&["fn", "c"]).next().unwrap()[0].line, 6);
}
