//! Escapes in addresses.

/// The text that is meant: `%40` is `@`, and `+` a space where it is one.
pub(super) fn decoded(text: &str, plus_is_space: bool) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' if plus_is_space => bytes.push(b' '),
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(
                        "a % in it is not followed by two hexadecimal digits; write it as %25"
                            .to_owned(),
                    );
                };
                bytes.extend(u8::try_from(high * 16 + low));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| "it holds bytes that are no text".to_owned())
}
