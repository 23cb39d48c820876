//! Texts that are quoted.

/// A text cut to at most so many characters, with an ellipsis where something is left out.
pub fn shortened(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some(_) => text.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_only_where_it_is_too_long() {
        assert_eq!(["", "naïve", "naïve é"].map(|text| shortened(text, 5)), ["", "naïve", "naïv…"]);
    }
}
