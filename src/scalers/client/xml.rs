//! Answers in XML.

use std::collections::BTreeMap;

use quick_xml::events::Event;

/// The deepest XML that is read.
const MAX_DEPTH: usize = 32;

/// Tells `ended` of every element of a document below its root, which is called `root`, when it ends: the names on the way to it, its
/// own last, and its own text. The error is a fragment that follows the endpoint.
pub(crate) fn walk(
    body: &[u8],
    root: &str,
    mut ended: impl FnMut(&[String], &str),
) -> Result<(), String> {
    let is_whole = every(body, |path, text| {
        if path[0] != root {
            return false;
        }
        if path.len() > 1 {
            ended(&path[1..], text);
        }
        true
    });
    if is_whole {
        Ok(())
    } else {
        Err(format!(
            "answered with something else than the XML of {root}"
        ))
    }
}

/// The texts of an XML document by the name of their element, the first of each name; nothing when it is no XML.
pub(crate) fn leaves(body: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let is_whole = every(body, |path, text| {
        if let (Some(name), false) = (path.last(), text.is_empty()) {
            let known = found.entry(name.clone());
            known.or_insert_with(|| text.to_owned());
        }
        true
    });
    if is_whole { found } else { BTreeMap::new() }
}

/// Whether this is one XML document all of whose elements `ended` approves of. It may have been told of elements before it is known
/// that it is not.
fn every(body: &[u8], mut ended: impl FnMut(&[String], &str) -> bool) -> bool {
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut buffer = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    let mut roots = 0;
    loop {
        let Ok(event) = reader.read_event_into(&mut buffer) else {
            return false;
        };
        match event {
            Event::Start(start) => {
                roots += usize::from(path.is_empty());
                if path.len() >= MAX_DEPTH {
                    return false;
                }
                path.push(start.name().as_ref().to_owned());
                texts.push(String::new());
            }
            Event::Empty(start) => {
                roots += usize::from(path.is_empty());
                path.push(start.name().as_ref().to_owned());
                let approved = ended(&path, "");
                path.pop();
                if !approved {
                    return false;
                }
            }
            Event::End(_) => {
                let text = texts.pop().unwrap_or_default();
                if path.is_empty() || !ended(&path, text.trim()) {
                    return false;
                }
                path.pop();
            }
            Event::Text(text) => {
                if let Some(own) = texts.last_mut() {
                    own.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(own) = texts.last_mut() {
                    own.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().ok().flatten();
                let named = quick_xml::escape::resolve_predefined_entity(&name);
                match (texts.last_mut(), character, named) {
                    (Some(own), Some(character), _) => own.push(character),
                    (Some(own), None, Some(named)) => own.push_str(named),
                    _ => return false,
                }
            }
            Event::Eof => return path.is_empty() && roots == 1,
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
        buffer.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let mut found = Vec::new();
        let body = "\u{feff}<?xml version=\"1.0\"?><List a='1'><Blob><Name> a&amp;b&#33;<![CDATA[<]]></Name></Blob><Next/></List>\n";
        walk(body.as_bytes(), "List", |path, text| {
            found.push(format!("{}={text}", path.join("/")));
        })
        .unwrap();
        assert_eq!(found, ["Blob/Name=a&b!<", "Blob=", "Next="]);
        assert_eq!(leaves(body.as_bytes())["Name"], "a&b!<");
    }

    #[test]
    fn everything_else_is_none() {
        let deep = "<List>".repeat(100) + &"</List>".repeat(100);
        for body in [
            "",
            "List",
            "{\"List\":1}",
            "<Other/>",
            "<List>",
            "<List><Blob></List>",
            "</List>",
            "<List/><List/>",
            "<List/><Other/>",
            "<List>&nbsp;</List>",
            &deep,
        ] {
            let result = walk(body.as_bytes(), "List", |_, _| {});
            assert!(result.is_err(), "{body}");
        }
        assert!(leaves(b"<List><Code>x</Code>").is_empty());
    }
}
