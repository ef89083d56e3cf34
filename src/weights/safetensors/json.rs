//! The part of JSON that headers are written in: objects, arrays, strings, whole numbers.

use crate::weights::error::Short;
use crate::weights::{LoadError, LoadErrorKind};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

/// A place in a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The members of an object; `member` gets each key, and reads its value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        self.token('{')?;
        if self.skip('}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.token(':')?;
            member(self, key)?;
            if self.skip('}') {
                return Ok(());
            }
            self.token_or(',', "`,` or `}`")?;
        }
    }

    /// The items of an array, each read by `item`.
    pub(super) fn array(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        self.token('[')?;
        if self.skip(']') {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.skip(']') {
                return Ok(());
            }
            self.token_or(',', "`,` or `]`")?;
        }
    }

    /// A string; only one with escapes takes memory.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, LoadError> {
        self.token_or('"', "a string")?;
        let start = self.at;
        let mut owned: Option<String> = None;
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find(|char: char| matches!(char, '"' | '\\' | '\0'..' '));
            let plain = &rest[..end.unwrap_or(rest.len())];
            self.at += plain.len();
            if let Some(owned) = &mut owned {
                owned.push_str(plain);
            }
            match self.peek() {
                Some('"') => {
                    let string =
                        owned.map_or(Cow::Borrowed(&self.text[start..self.at]), Cow::Owned);
                    self.at += 1;
                    return Ok(string);
                }
                Some('\\') => {
                    let before = &self.text[start..self.at];
                    let char = self.escape()?;
                    owned.get_or_insert_with(|| before.into()).push(char);
                }
                _ => return Err(self.error("the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, LoadError> {
        self.at += 1;
        let char = match self.peek() {
            Some(char @ ('"' | '\\' | '/')) => char,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.error("an escape sequence of JSON")),
        };
        self.at += 1;
        Ok(char)
    }

    /// What follows `\u`: one unit of UTF-16, or a pair of them.
    fn code_point(&mut self) -> Result<char, LoadError> {
        let first = self.code_unit()?;
        let second = match first {
            0xd800..=0xdbff if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                Some(self.code_unit()?)
            }
            _ => None,
        };
        let mut chars = char::decode_utf16([first].into_iter().chain(second));
        match (chars.next(), chars.next()) {
            (Some(Ok(char)), None) => Ok(char),
            _ => Err(self.error("a character before this place")),
        }
    }

    fn code_unit(&mut self) -> Result<u16, LoadError> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => Err(self.error("four hexadecimal digits")),
        }
    }

    /// A whole number that fits a `usize`.
    pub(super) fn number(&mut self) -> Result<usize, LoadError> {
        self.space();
        let rest = &self.text[self.at..];
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = &rest[..len];
        let next = rest[len..].chars().next();
        if digits.is_empty()
            || digits.len() > 1 && digits.starts_with('0')
            || matches!(next, Some('.' | 'e' | 'E'))
        {
            return Err(self.error("a whole number"));
        }
        let Ok(number) = digits.parse() else {
            return Err(self.error(&format!("a number up to {}", usize::MAX)));
        };
        self.at += len;
        Ok(number)
    }

    /// Nothing but space up to the end.
    pub(super) fn end(&mut self) -> Result<(), LoadError> {
        match self.peek_token() {
            None => Ok(()),
            Some(_) => Err(self.error("the end of the header")),
        }
    }

    /// A mistake at this place.
    pub(super) fn error(&self, wanted: &str) -> LoadError {
        let rest = &self.text[self.at..];
        let found = match rest.is_empty() {
            true => "its end".into(),
            false => format!("`{}`", Short(rest, 24)),
        };
        let wanted = format!("{wanted} at byte {} of the header", self.at);
        LoadError::new(LoadErrorKind::Header, wanted, found)
    }

    fn token(&mut self, token: char) -> Result<(), LoadError> {
        self.token_or(token, &format!("`{token}`"))
    }

    fn token_or(&mut self, token: char, wanted: &str) -> Result<(), LoadError> {
        if self.skip(token) { Ok(()) } else { Err(self.error(wanted)) }
    }

    fn skip(&mut self, token: char) -> bool {
        let skipped = self.peek_token() == Some(token);
        if skipped {
            self.at += 1;
        }
        skipped
    }

    fn peek_token(&mut self) -> Option<char> {
        self.space();
        self.peek()
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.bytes().take_while(|byte| b" \t\r\n".contains(byte)).count();
    }
}
