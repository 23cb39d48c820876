//! The functions and operators of level 1.

use cel::common::ast::operators;

/// Functions by name, whether called on a target, and the number of arguments.
const FUNCTIONS: &[(&str, bool, usize)] = &[
    ("size", false, 1),
    ("size", true, 0),
    ("contains", true, 1),
    ("startsWith", true, 1),
    ("endsWith", true, 1),
    (MATCHES, true, 1),
    (MATCHES, false, 2),
    ("int", false, 1),
    ("double", false, 1),
    (STRING, false, 1),
    ("timestamp", false, 1),
    ("duration", false, 1),
    ("getFullYear", true, 0),
    ("getMonth", true, 0),
    ("getDate", true, 0),
    ("getDayOfMonth", true, 0),
    ("getDayOfWeek", true, 0),
    ("getDayOfYear", true, 0),
    ("getHours", true, 0),
    ("getMinutes", true, 0),
    ("getSeconds", true, 0),
];

const OPERATORS: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::IN,
    operators::NOT_STRICTLY_FALSE,
];

/// The macros, once expanded, leave their names nowhere; a call by such a name was written wrongly.
const MACROS: &[&str] = &["has", "all", "exists", "exists_one", "map", "filter"];

/// The function whose pattern must be a literal.
pub(super) const MATCHES: &str = "matches";
/// The function that makes a text of anything.
pub(super) const STRING: &str = "string";

/// What is wrong with a call; nothing where it is one of level 1.
pub(super) fn flaw(name: &str, on_target: bool, arguments: usize) -> Option<String> {
    let is_known = FUNCTIONS.contains(&(name, on_target, arguments)) || (!on_target && OPERATORS.contains(&name));
    if is_known {
        return None;
    }
    let forms: Vec<_> = FUNCTIONS
        .iter()
        .filter(|(known, ..)| *known == name)
        .map(|(_, on_target, n)| form(name, *on_target, *n))
        .collect();
    Some(if MACROS.contains(&name) {
        format!("`{name}` is written as has(fields.x) or fields.list.exists(entry, entry == \"a\")")
    } else if forms.is_empty() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|(known, ..)| *known).collect();
        names.dedup();
        format!("there is no function `{name}`; there are {}, {}", names.join(", "), MACROS.join(", "))
    } else {
        format!("`{name}` is called as {}", forms.join(" or "))
    })
}

fn form(name: &str, on_target: bool, arguments: usize) -> String {
    let arguments = ["a", "b"].get(..arguments).unwrap_or_default().join(", ");
    if on_target { format!("x.{name}({arguments})") } else { format!("{name}({arguments})") }
}
