//! As much of PowerShell as advice is written in.

use serde_json::Value;

#[derive(Debug)]
pub(super) struct Line {
    pub(super) command: String,
    pub(super) parameters: Vec<(String, Value)>,
}

impl Line {
    fn get(&self, name: &str) -> Option<&Value> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }
}

/// The lines of a text, which `;` parts too.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut reader = Reader { text, rest: text };
    let mut lines = Vec::new();
    while !reader.rest.trim().is_empty() {
        lines.push(reader.line());
    }
    lines
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn takes(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        assert!(end > 0, "no word at `{}` in `{}`", self.rest, self.text);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn line(&mut self) -> Line {
        self.skip();
        let command = self.word();
        assert!(command.split_once('-').is_some(), "`{command}` is no command: `{}`", self.text);
        let mut parameters = Vec::new();
        loop {
            self.skip();
            if self.rest.is_empty() || self.takes(";") {
                return Line { command, parameters };
            }
            assert!(self.takes("-"), "no parameter at `{}` in `{}`", self.rest, self.text);
            let name = self.word();
            let is_switch = !self.takes(":") && {
                self.skip();
                self.rest.is_empty() || self.rest.starts_with(['-', ';'])
            };
            let value = if is_switch { Value::Bool(true) } else { self.value() };
            parameters.push((name, value));
        }
    }

    fn value(&mut self) -> Value {
        if self.takes("@(") {
            let mut items = Vec::new();
            while !self.takes(")") {
                items.push(self.value());
                self.takes(",");
            }
            return Value::Array(items);
        }
        if self.takes("$true") {
            return Value::Bool(true);
        }
        if self.takes("$false") {
            return Value::Bool(false);
        }
        if !self.takes("'") {
            return Value::String(self.word());
        }
        let mut text = String::new();
        loop {
            let end = self.rest.find('\'').unwrap_or_else(|| panic!("no end of a text in `{}`", self.text));
            text.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            if !self.takes("'") {
                return Value::String(text);
            }
            text.push('\'');
        }
    }
}

#[test]
fn a_line_is_read_as_powershell_reads_it() {
    let read = lines("Set-A -Identity 'o''neil' -Confirm:$false -List @('a','b') -Force; Remove-MgB -Id 'x'");
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].text("Identity").as_deref(), Some("o'neil"));
    assert_eq!((read[0].flag("Confirm"), read[0].flag("Force")), (Some(false), Some(true)));
    assert_eq!(read[0].get("List"), Some(&serde_json::json!(["a", "b"])));
    assert_eq!((&*read[1].command, read[1].text("Id").as_deref()), ("Remove-MgB", Some("x")));
}
