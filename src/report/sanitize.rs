//! Strings from outside must not steer a terminal.
//!
//! A Job's name is harmless, but a server's error text, a condition's reason or a trigger's name may hold escape
//! sequences, line breaks that forge a line of output, or marks that turn the reading direction.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` on one line with everything made visible that would move the cursor, change colours, break the line or turn the
/// reading direction: `\n`, `\t`, `\r`, `\x1b`, `\u{202e}`. A backslash stays as it is: this is for reading, not for
/// parsing.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => clean.push_str("\\n"),
            '\r' => clean.push_str("\\r"),
            '\t' => clean.push_str("\\t"),
            _ if !is_unsafe(character) => clean.push(character),
            _ if character.is_ascii() => {
                let _ = write!(clean, "\\x{:02x}", u32::from(character));
            }
            _ => {
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
    Cow::Owned(clean)
}

/// Controls (C0, DEL, C1), line and paragraph separators, and characters of no width or of reading direction.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        for text in ["", "mail-worker", "größe ✓ 日本", "C:\\x"] {
            assert!(matches!(sanitize(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_steers_a_terminal_becomes_visible() {
        for (text, clean) in [
            ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("bell\u{7}del\u{7f}nul\0", "bell\\x07del\\x7fnul\\x00"),
            ("csi\u{9b}2J", "csi\\u{9b}2J"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("line\u{2028}break", "line\\u{2028}break"),
        ] {
            assert_eq!(sanitize(text), clean);
            assert!(!sanitize(text).chars().any(char::is_control));
        }
    }
}
