//! Writing a manifest back in the encoding in which it was read.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use super::collect::{decode_text, read_limited};

/// Replaces the text of the file at `path` by `new`, in one step: another program sees the old file or the new one. Byte-order
/// mark, encoding and permissions stay. A file that no longer holds `old` is left alone, as an error of kind
/// [`io::ErrorKind::InvalidData`].
pub fn rewrite(path: &Path, old: &str, new: &str) -> io::Result<()> {
    // Of a link the file behind it is replaced, not the link.
    let path = std::fs::canonicalize(path)?;
    let bytes = read_limited(File::open(&path)?)?;
    let encoding = Encoding::of(&bytes);
    let (text, fault) = decode_text(bytes);
    if text != old || fault.is_some() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file has changed since it was read",
        ));
    }
    let permissions = std::fs::metadata(&path)?.permissions();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.keda-jobs-{}", std::process::id()));
    let written = write(&beside, &encoding.encode(new), permissions)
        .and_then(|()| std::fs::rename(&beside, &path));
    if written.is_err() {
        // What is in the way is the part that was written; that it cannot be removed changes nothing.
        drop(std::fs::remove_file(&beside));
    }
    written
}

fn write(path: &Path, bytes: &[u8], permissions: std::fs::Permissions) -> io::Result<()> {
    // `create_new` follows no link that somebody else may have put there.
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.set_permissions(permissions)?;
    file.write_all(bytes)?;
    file.sync_all()
}

enum Encoding {
    Utf8 { mark: bool },
    Utf16(fn(u16) -> [u8; 2]),
}

impl Encoding {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xfe, ..] => Self::Utf16(u16::to_le_bytes),
            [0xfe, 0xff, ..] => Self::Utf16(u16::to_be_bytes),
            _ => Self::Utf8 {
                mark: bytes.starts_with(b"\xef\xbb\xbf"),
            },
        }
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 { mark: false } => text.as_bytes().to_vec(),
            Self::Utf8 { mark: true } => ["\u{feff}", text].concat().into_bytes(),
            Self::Utf16(unit) => std::iter::once(0xfeff)
                .chain(text.encode_utf16())
                .flat_map(unit)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, rewrite};
    use crate::manifest::collect::decode_text;

    #[test]
    fn encodings_survive() {
        for bytes in [
            b"a: 1\r\n".to_vec(),
            b"\xef\xbb\xbfa: 1\n".to_vec(),
            b"\xff\xfea\0:\0".to_vec(),
            b"\xfe\xff\0a\0:".to_vec(),
        ] {
            let (text, _) = decode_text(bytes.clone());
            assert_eq!(Encoding::of(&bytes).encode(&text), bytes);
        }
    }

    #[test]
    fn a_file_that_has_changed_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, "b: 2\n").expect("written");
        rewrite(&path, "a: 1\n", "a: 2\n").expect_err("it has changed");
        rewrite(&path, "b: 2\n", "b: 3\n").expect("the same");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "b: 3\n");
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 1);
    }
}
