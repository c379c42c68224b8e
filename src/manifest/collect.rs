//! Finding and reading the texts: files, folders, stdin.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::comments::{Comment, comments};
use super::{Document, parallel, yaml};
use crate::diagnostic::{Diagnostic, Label, SourceFile, Span, catalog};

/// Bytes of one file that are read; etcd takes objects of 1.5 MiB.
pub const MAX_FILE_BYTES: usize = 8 << 20;

/// What the given paths hold.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// Every text that was read, in the order of the paths.
    pub sources: Vec<Arc<SourceFile>>,
    /// Every document that parses, in order.
    pub documents: Vec<Arc<Document>>,
    /// Comments that speak to this program.
    pub comments: Vec<Comment>,
    /// What is wrong with the texts as YAML.
    pub diagnostics: Vec<Diagnostic>,
}

/// Standard input, as the caller has it.
pub struct Stdin<'a> {
    /// Where `-` reads from.
    pub reader: &'a mut dyn Read,
    /// A person sits there: `-` then fails at once instead of waiting.
    pub is_terminal: bool,
}

/// The paths could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The path as it was given or found.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `-` on a terminal.
    #[error(
        "`-` reads manifests from standard input, which is a terminal; give a path or pipe a manifest in"
    )]
    StdinIsTerminal,
    /// Standard input broke off.
    #[error("cannot read standard input")]
    Stdin(#[source] io::Error),
    /// A folder without a manifest.
    #[error("no *.yaml, *.yml or *.json file in {}", path.display())]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing was given.
    #[error("no path given; name a manifest, a folder, or `-` for standard input")]
    NoPath,
}

/// Reads `paths` in their order: files as they are, `-` as standard input, folders recursively for `*.yaml`, `*.yml` and `*.json`
/// by name. Inside folders, names that start with a dot are left out, and so is all that is no regular file. A file that is reached twice is
/// read once.
pub fn collect(paths: &[PathBuf], stdin: &mut Stdin<'_>) -> Result<Collected, ReadError> {
    if paths.is_empty() {
        return Err(ReadError::NoPath);
    }
    let mut collected = Collected::default();
    let mut seen = HashSet::new();
    let mut stdin_was_read = false;
    for path in paths {
        if path.as_os_str() == "-" {
            if stdin.is_terminal {
                return Err(ReadError::StdinIsTerminal);
            }
            if !stdin_was_read {
                stdin_was_read = true;
                let bytes = read_limited(&mut *stdin.reader).map_err(ReadError::Stdin)?;
                collected.add("<stdin>", bytes);
            }
            continue;
        }
        let unreadable = |source| ReadError::Unreadable {
            path: path.clone(),
            source,
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_dir() {
            if seen.insert(canonical(path)) {
                collected.add_file(path)?;
            }
            continue;
        }
        let mut files = Vec::new();
        walk(path, &mut HashSet::new(), &mut files)?;
        if files.is_empty() {
            return Err(ReadError::NoManifest { path: path.clone() });
        }
        files.retain(|file| seen.insert(canonical(file)));
        for part in parallel::map(&files, |file| {
            let mut part = Collected::default();
            part.add_file(file).map(|()| part)
        }) {
            collected.append(part?);
        }
    }
    Ok(collected)
}

impl Collected {
    fn add_file(&mut self, path: &Path) -> Result<(), ReadError> {
        let bytes =
            File::open(path)
                .and_then(read_limited)
                .map_err(|source| ReadError::Unreadable {
                    path: path.to_owned(),
                    source,
                })?;
        self.add(&path.to_string_lossy(), bytes);
        Ok(())
    }

    fn append(&mut self, mut other: Self) {
        self.sources.append(&mut other.sources);
        self.documents.append(&mut other.documents);
        self.comments.append(&mut other.comments);
        self.diagnostics.append(&mut other.diagnostics);
    }

    /// Takes one text, as if it had been read from `name`.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) {
        if bytes.len() > MAX_FILE_BYTES {
            let source = SourceFile::new(name, "");
            let message = format!("larger than {} MiB", MAX_FILE_BYTES >> 20);
            let label = Label::new(&source, Span::default(), "");
            self.diagnostics.push(
                Diagnostic::new(&catalog::TOO_LARGE, message, label)
                    .help("split the file; no Kubernetes object is larger than 2 MiB"),
            );
            self.sources.push(source);
            return;
        }
        let (text, fault) = decode_text(bytes);
        let source = SourceFile::new(name, text);
        if let Some(fault) = fault {
            let label = Label::new(&source, fault.span, "not text");
            self.diagnostics
                .push(Diagnostic::new(&catalog::SYNTAX, fault.message, label));
        } else {
            let (documents, mut diagnostics) = yaml::load(&source);
            hide_secrets(&source, &mut diagnostics);
            self.comments.extend(comments(&source));
            self.documents.extend(documents);
            self.diagnostics.extend(diagnostics);
        }
        self.sources.push(source);
    }
}

/// Makes findings in documents that say `kind: Secret` point into a text without these documents' values. A document may not
/// parse, so this goes by lines: what follows the first colon is hidden, and so is a line without one.
fn hide_secrets(source: &Arc<SourceFile>, diagnostics: &mut [Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    let (secrets, masked) = without_secrets(source);
    if secrets.is_empty() {
        return;
    }
    for diagnostic in diagnostics {
        let at = diagnostic.primary.span.start;
        let is_secret = secrets
            .iter()
            .any(|secret| (secret.start..=secret.end).contains(&at));
        if !is_secret {
            continue;
        }
        diagnostic.primary.source = Arc::clone(&masked);
        for label in &mut diagnostic.related {
            label.source = Arc::clone(&masked);
        }
        if diagnostic.rule == &catalog::INVALID_VALUE {
            // The message repeats the value.
            "a value of a Secret cannot be read".clone_into(&mut diagnostic.message);
        }
    }
}

/// The documents that say `kind: Secret`, and the text without their values.
fn without_secrets(source: &Arc<SourceFile>) -> (Vec<Span>, Arc<SourceFile>) {
    let text = source.text();
    let mut secrets: Vec<Span> = Vec::new();
    let mut hidden = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = text[start..]
            .find("\n---")
            .map_or(text.len(), |at| start + at + 1);
        if says_secret(&text[start..end]) {
            secrets.push(Span { start, end });
            let mut line_start = start;
            for line in text[start..end].split_inclusive('\n') {
                hidden.push(Span {
                    start: line_start + line.find(':').map_or(0, |colon| colon + 1),
                    end: line_start + line.len(),
                });
                line_start += line.len();
            }
        }
        start = end;
    }
    if secrets.is_empty() {
        return (secrets, Arc::clone(source));
    }
    let masked = source.masked(&hidden);
    (secrets, masked)
}

/// What may be shown of `source`: the same lines, without the values of Secrets.
pub fn presentable(source: &Arc<SourceFile>) -> Arc<SourceFile> {
    without_secrets(source).1
}

/// `kind: Secret` in any spelling of YAML or JSON.
fn says_secret(document: &str) -> bool {
    document.split("kind").skip(1).any(|rest| {
        rest.trim_start_matches(['"', '\'', ':', ' ', '\t'])
            .starts_with("Secret")
    })
}

/// Files of a folder, by name, folders in between. A folder that contains itself through a link is entered once.
fn walk(
    folder: &Path,
    entered: &mut HashSet<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<(), ReadError> {
    let unreadable = |source| ReadError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    if !entered.insert(canonical(folder)) {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    for path in paths {
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, entered, files)?,
            Ok(metadata) if metadata.is_file() && is_manifest_name(&path) => files.push(path),
            Err(source) if is_manifest_name(&path) => {
                return Err(ReadError::Unreadable { path, source });
            }
            // Other files, and links to nowhere that are not named like a manifest.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn is_manifest_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Reads up to one byte more than [`MAX_FILE_BYTES`], by which an oversized file is known.
pub(super) fn read_limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(MAX_FILE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) struct EncodingFault {
    message: String,
    span: Span,
}

/// UTF-8 with or without a byte-order mark, or UTF-16 with one, as YAML permits. The mark is not part of the text.
pub(super) fn decode_text(bytes: Vec<u8>) -> (String, Option<EncodingFault>) {
    let wide = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => Some((rest, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xfe, 0xff, rest @ ..] => Some((rest, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => None,
    };
    if let Some((rest, unit)) = wide {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect();
        return match String::from_utf16(&units) {
            Ok(text) if rest.len() % 2 == 0 => (text, None),
            _ => (
                String::new(),
                Some(EncodingFault {
                    message: "the file starts as UTF-16 and is not valid UTF-16".to_owned(),
                    span: Span::default(),
                }),
            ),
        };
    }
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(start).copied().unwrap_or_default();
            // The text up to the fault is unchanged, so the place holds in the lossy text too, where one
            // replacement character (3 bytes) stands there.
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let end = (start + '\u{fffd}'.len_utf8()).min(text.len());
            let fault = EncodingFault {
                message: format!("byte 0x{byte:02x} is not UTF-8"),
                span: Span { start, end },
            };
            (text, Some(fault))
        }
    }
}

#[cfg(test)]
mod tests;
