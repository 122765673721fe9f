//! The first look at a text: its tokens are counted and its brackets followed, in one pass that calls nothing again.

use async_graphql::{Pos, ServerError};

use super::{
    limits::{BYTES, NESTING, TOKENS, grouped},
    refusal::{too_much, wrong},
};

/// Where a token stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u32,
    line: u32,
    column: u32,
}

/// The places of a document's tokens, in their order.
#[derive(Debug, Default)]
pub struct Places(Vec<Place>);

impl Places {
    /// Line and column, from 1, of the token that stands at this byte or is the last before it.
    pub fn of(&self, offset: usize) -> Pos {
        let after = self.0.partition_point(|place| place.offset as usize <= offset);
        self.0.get(after.saturating_sub(1)).map_or(Pos { line: 1, column: 1 }, |place| Pos {
            line: place.line as usize,
            column: place.column as usize,
        })
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        self.0.len() * size_of::<Place>()
    }
}

/// What the scan found.
#[derive(Debug)]
pub struct Scan {
    /// The text as it is parsed: every byte stands where it stood, but comments, commas and the descriptions of
    /// operations and variables, which say nothing and which the parser counts or does not know, are spaces.
    pub text: String,
    /// Where its tokens are.
    pub places: Places,
    /// Whether there is a string among them.
    pub strings: bool,
    /// Whether one of the strings is a block string.
    pub blocks: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open(u8),
    Close,
    String,
    /// `query`, `mutation`, `subscription` or `fragment`.
    Keyword,
    Dollar,
    /// `=` or `:`: a value follows.
    Before,
    Other,
}

/// Looks a text through.
///
/// # Errors
/// When it is longer, has more tokens or is nested deeper than a document may be.
pub fn scan(text: &str) -> Result<Scan, ServerError> {
    if text.len() > BYTES {
        let (has, most) = (grouped(text.len() as u64), grouped(BYTES as u64));
        let message = format!("the document has {has} bytes, and {most} is the limit");
        return Err(too_much("documentBytes", BYTES as u64, message, None));
    }
    let mut scanner = Scanner::new(text);
    while scanner.token()? {}
    if scanner.places.is_empty() {
        return Err(wrong("the document is empty", Pos { line: 1, column: 1 }));
    }
    let strings = scanner.strings;
    let blocks = scanner.blocks;
    let places = Places(std::mem::take(&mut scanner.places));
    // Only whole characters were replaced, each by spaces.
    let text = String::from_utf8(scanner.cleaned).map_err(|_| wrong("the document is not UTF-8", Pos::default()))?;
    Ok(Scan { text, places, strings, blocks })
}

struct Scanner<'t> {
    bytes: &'t [u8],
    cleaned: Vec<u8>,
    at: usize,
    line: u32,
    /// Characters of the line before `at`.
    column: u32,
    open: Vec<u8>,
    places: Vec<Place>,
    strings: bool,
    blocks: bool,
    /// A string that may be a description, and what stands before it.
    described: Option<(usize, usize)>,
    before: Option<Kind>,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            cleaned: text.as_bytes().to_vec(),
            at: 0,
            line: 1,
            column: 0,
            open: Vec::new(),
            places: Vec::new(),
            strings: false,
            blocks: false,
            described: None,
            before: None,
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn follows(&self, text: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    /// Goes one byte on, and counts lines and characters.
    fn step(&mut self) {
        let Some(byte) = self.peek(0) else { return };
        let new_line = byte == b'\n' || (byte == b'\r' && self.peek(1) != Some(b'\n'));
        self.at += 1;
        if new_line {
            self.line += 1;
            self.column = 0;
        } else if byte & 0xC0 != 0x80 && byte != b'\r' {
            self.column += 1;
        }
    }

    fn blank(&mut self, from: usize, to: usize) {
        for byte in self.cleaned.iter_mut().take(to).skip(from).filter(|byte| !matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }

    fn skip_ignored(&mut self) {
        while let Some(byte) = self.peek(0) {
            let from = self.at;
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.step(),
                b',' => {
                    self.step();
                    self.blank(from, self.at);
                }
                b'#' => {
                    while self.peek(0).is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
                        self.step();
                    }
                    self.blank(from, self.at);
                }
                // The byte order mark.
                0xEF if self.follows(b"\xEF\xBB\xBF") => {
                    (0..3).for_each(|_| self.step());
                    self.blank(from, self.at);
                }
                _ => return,
            }
        }
    }

    /// Takes the next token; false where there is none.
    fn token(&mut self) -> Result<bool, ServerError> {
        self.skip_ignored();
        let Some(first) = self.peek(0) else { return Ok(false) };
        let from = self.at;
        let (line, column) = (self.line, self.column + 1);
        let here = Pos { line: line as usize, column: column as usize };
        if self.places.len() == TOKENS {
            let most = grouped(TOKENS as u64);
            let message = format!("the document has more than {most} tokens: names, values and punctuation");
            return Err(too_much("documentTokens", TOKENS as u64, message, Some(here)));
        }
        // Bytes were counted before and fit.
        self.places.push(Place { offset: u32::try_from(from).unwrap_or(u32::MAX), line, column });
        let kind = self.kind(first, from);
        match kind {
            Kind::Open(bracket) => {
                if self.open.len() == NESTING {
                    let message = format!("braces, brackets and parentheses are nested deeper than {NESTING} here");
                    return Err(too_much("documentNesting", NESTING as u64, message, Some(here)));
                }
                self.open.push(bracket);
            }
            Kind::Close => {
                self.open.pop();
            }
            _ => {}
        }
        self.describe(kind, from);
        self.before = Some(kind);
        Ok(true)
    }

    fn kind(&mut self, first: u8, from: usize) -> Kind {
        match first {
            b'"' => {
                self.strings = true;
                self.string();
                return Kind::String;
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                while self.peek(0).is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                    self.step();
                }
                let name = self.bytes.get(from..self.at).unwrap_or_default();
                let starts = matches!(name, b"query" | b"mutation" | b"subscription" | b"fragment");
                return if starts { Kind::Keyword } else { Kind::Other };
            }
            b'-' | b'0'..=b'9' => {
                self.step();
                let number = |byte: u8| matches!(byte, b'_' | b'.' | b'+' | b'-') || byte.is_ascii_alphanumeric();
                while self.peek(0).is_some_and(number) {
                    self.step();
                }
                return Kind::Other;
            }
            b'.' if self.follows(b"...") => {
                (0..3).for_each(|_| self.step());
                return Kind::Other;
            }
            _ => {}
        }
        self.step();
        // The rest of a character of several bytes.
        while self.peek(0).is_some_and(|byte| byte & 0xC0 == 0x80) {
            self.step();
        }
        match first {
            b'{' | b'[' | b'(' => Kind::Open(first),
            b'}' | b']' | b')' => Kind::Close,
            b'$' => Kind::Dollar,
            b'=' | b':' => Kind::Before,
            _ => Kind::Other,
        }
    }

    fn string(&mut self) {
        let block = self.follows(b"\"\"\"");
        self.blocks |= block;
        (0..if block { 3 } else { 1 }).for_each(|_| self.step());
        while let Some(byte) = self.peek(0) {
            if block {
                if self.follows(b"\\\"\"\"") {
                    (0..4).for_each(|_| self.step());
                } else if self.follows(b"\"\"\"") {
                    (0..3).for_each(|_| self.step());
                    return;
                } else {
                    self.step();
                }
                continue;
            }
            match byte {
                // Not closed: the parser says so.
                b'\n' | b'\r' => return,
                b'"' => {
                    self.step();
                    return;
                }
                b'\\' if self.peek(1).is_some_and(|next| !matches!(next, b'\n' | b'\r')) => {
                    self.step();
                    self.step();
                }
                _ => self.step(),
            }
        }
    }

    /// Takes descriptions out: a string before an operation or a fragment, and one before a declared variable.
    fn describe(&mut self, kind: Kind, from: usize) {
        if let Some((start, end)) = self.described.take() {
            let operation = kind == Kind::Keyword && self.open.is_empty();
            let variable = kind == Kind::Dollar && self.open == [b'('];
            if operation || variable {
                self.blank(start, end);
            }
        }
        let possible = match *self.open {
            [] => matches!(self.before, None | Some(Kind::Close)),
            [b'('] => self.before != Some(Kind::Before),
            _ => false,
        };
        if kind == Kind::String && possible {
            self.described = Some((from, self.at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "{ ä: a # ünd, {\r\n  b(x: \"\"\"\n é \\\"\"\" \"\"\") c\r}";
        let scan = scan(text).unwrap();
        let place = |name: &str| {
            let place = scan.places.of(text.find(name).unwrap());
            (place.line, place.column)
        };
        assert_eq!(place("a #"), (1, 6));
        assert_eq!(place("b("), (2, 3));
        assert_eq!(place("c\r"), (3, 14));
        assert_eq!(place("}"), (4, 1));
        assert_eq!(scan.text.len(), text.len());
        assert!(!scan.text.contains("nd"));
        assert!(scan.strings && scan.blocks);
    }

    #[test]
    fn descriptions_go_and_values_stay() {
        let cleaned = |text: &str| scan(text).unwrap().text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(cleaned("\"what\" query Q { a }"), "query Q { a }");
        assert_eq!(cleaned("\"\"\"what\"\"\" fragment F on Q { a }"), "fragment F on Q { a }");
        assert_eq!(cleaned("{ a } \"what\" query Q { a }"), "{ a } query Q { a }");
        assert_eq!(
            cleaned("query ($a: S = \"x\", \"what\" $b: S = \"y\" $c: S) { a }"),
            "query ($a: S = \"x\" $b: S = \"y\" $c: S) { a }"
        );
        assert_eq!(cleaned("{ a(x: [\"x\" $b]) }"), "{ a(x: [\"x\" $b]) }");
        assert_eq!(cleaned("\"what\" { a }"), "\"what\" { a }");
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let deep = "[".repeat(NESTING + 1);
        for lawful in
            [format!("{{ a(x: \"{deep}\") }}"), format!("{{ a(x: \"\"\"{deep}\"\"\") }}"), format!("{{ a }} #{deep}")]
        {
            scan(&lawful).unwrap();
        }
        assert!(scan(&deep).is_err());
        assert!(scan(&format!("{{ a(x: \"\\\"\", y: {deep}) }}")).is_err());
    }
}
