//! The part of GJSON's path syntax that finds one value: keys with `*`, `?` and escapes, indexes, `#`, `#.rest`, and queries
//! `#(path op value)` with and without a trailing `#`. [github.com/tidwall/gjson SYNTAX.md]
//!
//! Left out, with an error that says so: modifiers (`@reverse`), multipaths (`{a,b}`, `[a,b]`), literals (`!`) and JSON lines (`..`).

use serde_json::Value;

/// Paths nest only through queries; deeper ones are nobody's.
const MAX_DEPTH: usize = 32;

/// The value at `path`, or `None` when the document has none. The error says what is wrong with the path.
pub(super) fn get(document: &Value, path: &str) -> Result<Option<Value>, String> {
    at(document, path, 0)
}

fn at(value: &Value, path: &str, depth: usize) -> Result<Option<Value>, String> {
    if depth > MAX_DEPTH {
        return Err("the path is nested too deeply".to_owned());
    }
    if path.starts_with(['@', '!', '{', '[']) || path.starts_with("..") {
        return Err(format!(
            "the path part {path:?} uses GJSON syntax (modifiers, multipaths, literals, JSON lines) that keda-jobs does not read"
        ));
    }
    let (part, rest) = split(path);
    if let Some(query) = part.strip_prefix('#')
        && let Value::Array(items) = value
    {
        return array(items, query, rest, depth);
    }
    let found = match value {
        Value::Object(entries) => entries
            .iter()
            .find(|(key, _)| matches(key, part))
            .map(|(_, value)| value),
        Value::Array(items) => part
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get(index)),
        _ => None,
    };
    match (found, rest) {
        (Some(found), Some(rest)) => at(found, rest, depth + 1),
        (found, _) => Ok(found.cloned()),
    }
}

/// `#…` on an array: its length, one field of every element, or a query.
fn array(
    items: &[Value],
    query: &str,
    rest: Option<&str>,
    depth: usize,
) -> Result<Option<Value>, String> {
    if query.is_empty() {
        let Some(rest) = rest else {
            return Ok(Some(Value::from(items.len())));
        };
        return each(items, rest, depth);
    }
    let (condition, all) = match query.strip_suffix('#') {
        Some(query) => (query, true),
        None => (query, false),
    };
    let condition = condition
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .ok_or_else(|| format!("the path part {query:?} is not a query: #(path==\"value\")"))?;
    let condition = Condition::parse(condition);
    let mut found = Vec::new();
    for item in items {
        if condition.holds(item, depth)? {
            if !all {
                return match rest {
                    Some(rest) => at(item, rest, depth + 1),
                    None => Ok(Some(item.clone())),
                };
            }
            found.push(item.clone());
        }
    }
    match (all, rest) {
        (false, _) => Ok(None),
        (true, Some("#")) => Ok(Some(Value::from(found.len()))),
        (true, Some(rest)) => each(&found, rest, depth),
        (true, None) => Ok(Some(Value::Array(found))),
    }
}

/// `rest` of every element that has it.
fn each(items: &[Value], rest: &str, depth: usize) -> Result<Option<Value>, String> {
    let mut values = Vec::new();
    for item in items {
        values.extend(at(item, rest, depth + 1)?);
    }
    Ok(Some(Value::Array(values)))
}

/// The first part of a path and what follows its `.` or `|`. Separators inside a query or after `\` do not count.
fn split(path: &str) -> (&str, Option<&str>) {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for (index, character) in path.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match character {
            '\\' => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '(' if !quoted && (depth > 0 || path.starts_with("#(")) => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            '.' | '|' if depth == 0 => return (&path[..index], Some(&path[index + 1..])),
            _ => {}
        }
    }
    (path, None)
}

/// Whether `key` is what `pattern` says: `*` any text, `?` any character, `\x` the character x.
fn matches(key: &str, pattern: &str) -> bool {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '*' => Token::Many,
            '?' => Token::One,
            '\\' => Token::Exact(characters.next().unwrap_or('\\')),
            other => Token::Exact(other),
        });
    }
    let key: Vec<char> = key.chars().collect();
    wildcard(&key, &tokens)
}

#[derive(Clone, Copy, PartialEq)]
enum Token {
    Exact(char),
    One,
    Many,
}

/// Greedy matching with one point to go back to, so that no pattern takes exponential time.
fn wildcard(key: &[char], tokens: &[Token]) -> bool {
    let (mut at, mut token) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < key.len() {
        match tokens.get(token) {
            Some(Token::Many) => {
                back = Some((at, token + 1));
                token += 1;
            }
            Some(Token::One) => (at, token) = (at + 1, token + 1),
            Some(Token::Exact(character)) if *character == key[at] => {
                (at, token) = (at + 1, token + 1);
            }
            _ => match back {
                Some((from, after)) => {
                    back = Some((from + 1, after));
                    (at, token) = (from + 1, after);
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|token| *token == Token::Many)
}

/// The inside of `#(…)`.
struct Condition<'a> {
    path: &'a str,
    operator: &'a str,
    value: Value,
}

impl<'a> Condition<'a> {
    fn parse(text: &'a str) -> Self {
        const OPERATORS: [&str; 9] = ["==", "!=", "<=", ">=", "!%", "<", ">", "%", "="];
        let mut depth = 0_usize;
        let mut quoted = false;
        let found = text.char_indices().find_map(|(index, character)| {
            match character {
                '"' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            (depth == 0 && !quoted)
                .then(|| OPERATORS.iter().find(|op| text[index..].starts_with(**op)))
                .flatten()
                .map(|operator| (index, *operator))
        });
        let Some((index, operator)) = found else {
            return Self {
                path: text.trim(),
                operator: "",
                value: Value::Null,
            };
        };
        let right = text[index + operator.len()..].trim();
        Self {
            path: text[..index].trim(),
            operator: if operator == "=" { "==" } else { operator },
            // What is no JSON is a text without quotes.
            value: serde_json::from_str(right).unwrap_or_else(|_| Value::from(right)),
        }
    }

    fn holds(&self, item: &Value, depth: usize) -> Result<bool, String> {
        let left = if self.path.is_empty() {
            Some(item.clone())
        } else {
            at(item, self.path, depth + 1)?
        };
        let Some(left) = left else { return Ok(false) };
        Ok(match (self.operator, &left, &self.value) {
            ("", _, _) => true,
            ("%", Value::String(left), Value::String(right)) => matches(left, right),
            ("!%", Value::String(left), Value::String(right)) => !matches(left, right),
            ("==", left, right) => equal(left, right),
            ("!=", left, right) => !equal(left, right),
            (operator, Value::Number(left), Value::Number(right)) => {
                compare(operator, left.as_f64().partial_cmp(&right.as_f64()))
            }
            (operator, Value::String(left), Value::String(right)) => {
                compare(operator, Some(left.cmp(right)))
            }
            _ => false,
        })
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn compare(operator: &str, ordering: Option<std::cmp::Ordering>) -> bool {
    ordering.is_some_and(|ordering| match operator {
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        ">=" => ordering.is_ge(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "name": {"first": "Tom", "last": "Anderson"},
            "age": 37,
            "children": ["Sara", "Alex", "Jack"],
            "fav.movie": "Deer Hunter",
            "friends": [
                {"first": "Dale", "last": "Murphy", "age": 44, "nets": ["ig", "fb", "tw"]},
                {"first": "Roger", "last": "Craig", "age": 68, "nets": ["fb", "tw"]},
                {"first": "Jane", "last": "Murphy", "age": 47, "nets": ["ig", "tw"]}
            ],
            "numbers": [1, 20, 3],
            "a|b": 1
        })
    }

    /// Expectations are those of GJSON's own documentation of its syntax.
    #[test]
    fn paths() {
        for (path, wanted) in [
            ("name.last", json!("Anderson")),
            ("age", json!(37)),
            ("children.#", json!(3)),
            ("children.1", json!("Alex")),
            ("child*.2", json!("Jack")),
            ("c?ildren.0", json!("Sara")),
            ("fav\\.movie", json!("Deer Hunter")),
            ("a\\|b", json!(1)),
            ("friends.#.first", json!(["Dale", "Roger", "Jane"])),
            ("friends.1.last", json!("Craig")),
            ("friends|1|last", json!("Craig")),
            ("friends.#(last==\"Murphy\").first", json!("Dale")),
            (
                "friends.#(last==\"Murphy\")#.first",
                json!(["Dale", "Jane"]),
            ),
            ("friends.#(last==\"Murphy\")#|#", json!(2)),
            ("friends.#(age>45)#.last", json!(["Craig", "Murphy"])),
            ("friends.#(first%\"D*\").last", json!("Murphy")),
            ("friends.#(first!%\"D*\").last", json!("Craig")),
            (
                "friends.#(nets.#(==\"fb\"))#.first",
                json!(["Dale", "Roger"]),
            ),
            ("numbers.#(>10)", json!(20)),
            ("friends.#(first==\"x.y)\")", Value::Null),
            ("name.nope", Value::Null),
            ("children.9", Value::Null),
            ("age.x", Value::Null),
            ("", Value::Null),
        ] {
            let found = get(&document(), path).unwrap().unwrap_or_default();
            assert_eq!(found, wanted, "{path}");
        }
    }

    #[test]
    fn what_is_not_read_says_so() {
        for path in [
            "@reverse",
            "name.@keys",
            "{a,b}",
            "[a,b]",
            "..#",
            "!\"x\"",
            "friends.#x",
        ] {
            assert!(get(&document(), path).is_err(), "{path}");
        }
        let deep = format!("{}x{}", "#(".repeat(100), ")".repeat(100));
        let mut nested = json!(1);
        for _ in 0..100 {
            nested = json!([nested]);
        }
        assert!(get(&nested, &deep).is_err());
        assert!(matches(&"a".repeat(1000), &"*a".repeat(500)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-d#()*?|.@\\\\=!<>%\"0-9\\[\\]{}]{0,24}") {
            let _ = super::get(&serde_json::json!({"a":[{"b":"c","d":1},[1,2]],"a*":{"?":[]}}), &text);
        }
    }
}
