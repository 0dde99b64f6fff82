//! The text of a script: lines with an indent, comments that stay comments, and nothing but ASCII.

use std::fmt::Write as _;

use graph_client::exchange::powershell_text;
use graph_client::printable;

use crate::change::Step;

/// Lines of a script.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    indent: usize,
}

impl Lines {
    /// Lines inside so many blocks.
    pub(super) fn inside(indent: usize) -> Self {
        Self { text: String::new(), indent }
    }

    /// A line. What is not ASCII stands in no line that is written here; it would be shown as a number.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        let line = ascii(line.as_ref());
        if !line.is_empty() {
            let _ = write!(self.text, "{:1$}", "", self.indent * 4);
        }
        self.text.push_str(&line);
        self.text.push('\n');
    }

    /// Several lines, as they stand.
    pub(super) fn lines(&mut self, lines: &str) {
        lines.lines().for_each(|line| self.line(line));
    }

    /// A line that opens a block.
    pub(super) fn open(&mut self, line: impl AsRef<str>) {
        self.line(line);
        self.indent += 1;
    }

    /// A line that closes a block.
    pub(super) fn close(&mut self, line: impl AsRef<str>) {
        self.indent = self.indent.saturating_sub(1);
        self.line(line);
    }

    /// A table for splatting: a name, and one line for each argument.
    pub(super) fn table<'a>(&mut self, name: &str, entries: impl IntoIterator<Item = (&'a str, String)>) {
        self.open(format!("${name} = @{{"));
        for (key, value) in entries {
            self.line(format!("{key} = {value}"));
        }
        self.close("}");
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The comment above a change: its number, its sentence and its reason.
pub(super) fn comment(number: usize, step: &Step) -> String {
    format!("# {number}. {} (because {})", shown(&step.sentence()), shown(&step.reason))
}

/// The step in messages, such as `Step 4 (restriction)`.
pub(super) fn called(number: usize, step: &Step) -> String {
    format!("Step {number} ({})", step.stage())
}

/// A text on one line that ends no comment.
pub(super) fn shown(text: &str) -> String {
    ascii(&printable(text)).replace("#>", "# >").replace("<#", "< #")
}

/// A text in which every character beyond ASCII, and every control character, is written as a number.
fn ascii(text: &str) -> String {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic();
    text.chars().fold(String::new(), |mut out, c| {
        if is_plain(c) {
            out.push(c);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        out
    })
}

/// A text as a value.
pub(super) fn quoted(text: &str) -> String {
    powershell_text(text)
}
