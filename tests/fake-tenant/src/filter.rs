//! Filter expressions: Graph's `OData` and Exchange's `OPATH` read into one tree.

use jiff::Timestamp;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Like,
    NotLike,
    StartsWith,
    EndsWith,
    Contains,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Test { property: String, operator: Operator, value: Literal },
}

impl Expression {
    pub(crate) fn holds(&self, test: &dyn Fn(&str, Operator, &Literal) -> bool) -> bool {
        match self {
            Self::And(left, right) => left.holds(test) && right.holds(test),
            Self::Or(left, right) => left.holds(test) || right.holds(test),
            Self::Not(inner) => !inner.holds(test),
            Self::Test { property, operator, value } => test(property, *operator, value),
        }
    }

    /// Every comparison in the expression, for checking names and values before anything is evaluated.
    pub(crate) fn each_test(&self, visit: &mut dyn FnMut(&str, Operator, &Literal)) {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.each_test(visit);
                right.each_test(visit);
            }
            Self::Not(inner) => inner.each_test(visit),
            Self::Test { property, operator, value } => visit(property, *operator, value),
        }
    }

    /// Whether anything in it is negated.
    pub(crate) fn has_negation(&self) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.has_negation() || right.has_negation(),
            Self::Not(_) => true,
            Self::Test { .. } => false,
        }
    }

    /// Whether `or` occurs.
    pub(crate) fn has_alternative(&self) -> bool {
        match self {
            Self::And(left, right) => left.has_alternative() || right.has_alternative(),
            Self::Or(..) => true,
            Self::Not(inner) => inner.has_alternative(),
            Self::Test { .. } => false,
        }
    }

    /// Whether a JSON object satisfies the expression; `a/b` reaches into `a`.
    pub(crate) fn holds_for(&self, object: &Value) -> bool {
        self.holds(&|property, operator, value| {
            let mut at = object;
            for step in property.split('/') {
                at = member(at, step);
            }
            match at {
                Value::Array(items) => compare(items, operator, value),
                one => compare(std::slice::from_ref(one), operator, value),
            }
        })
    }
}

fn member<'v>(object: &'v Value, name: &str) -> &'v Value {
    object
        .as_object()
        .and_then(|map| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map_or(&Value::Null, |(_, value)| value)
}

/// Compares a property, which may have several values, with a literal. Text ignores case, as both
/// services do. `ne` and `notlike` ask that no value matches.
pub(crate) fn compare(actual: &[Value], operator: Operator, wanted: &Literal) -> bool {
    match operator {
        Operator::NotEqual => return !compare(actual, Operator::Equal, wanted),
        Operator::NotLike => return !compare(actual, Operator::Like, wanted),
        _ => {}
    }
    if *wanted == Literal::Null {
        let absent = |value: &Value| value.is_null() || value.as_str() == Some("");
        return operator == Operator::Equal && actual.iter().all(absent);
    }
    actual.iter().any(|value| compare_one(value, operator, wanted))
}

fn compare_one(actual: &Value, operator: Operator, wanted: &Literal) -> bool {
    match (actual, wanted) {
        (Value::String(actual), Literal::Text(wanted)) => {
            // Moments are compared as such, whatever their offsets and fractions.
            if let (Ok(actual), Ok(wanted)) = (actual.parse::<Timestamp>(), wanted.parse::<Timestamp>()) {
                match operator {
                    Operator::Equal => return actual == wanted,
                    Operator::Greater => return actual > wanted,
                    Operator::GreaterOrEqual => return actual >= wanted,
                    Operator::Less => return actual < wanted,
                    Operator::LessOrEqual => return actual <= wanted,
                    _ => {}
                }
            }
            let (actual, wanted) = (actual.to_lowercase(), wanted.to_lowercase());
            match operator {
                Operator::Equal => actual == wanted,
                Operator::Like => wildcard(&actual, &wanted),
                Operator::StartsWith => actual.starts_with(&wanted),
                Operator::EndsWith => actual.ends_with(&wanted),
                Operator::Contains => actual.contains(&wanted),
                Operator::Greater => actual > wanted,
                Operator::GreaterOrEqual => actual >= wanted,
                Operator::Less => actual < wanted,
                Operator::LessOrEqual => actual <= wanted,
                Operator::NotEqual | Operator::NotLike => false,
            }
        }
        (Value::Bool(actual), Literal::Flag(wanted)) => operator == Operator::Equal && actual == wanted,
        // Administrators also write 'True' in quotes.
        (Value::Bool(actual), Literal::Text(wanted)) => {
            operator == Operator::Equal && wanted.eq_ignore_ascii_case(&actual.to_string())
        }
        (Value::Number(actual), Literal::Number(wanted)) => {
            let Some(actual) = actual.as_f64() else {
                return false;
            };
            match operator {
                Operator::Equal => (actual - wanted).abs() < f64::EPSILON,
                Operator::Greater => actual > *wanted,
                Operator::GreaterOrEqual => actual >= *wanted,
                Operator::Less => actual < *wanted,
                Operator::LessOrEqual => actual <= *wanted,
                _ => false,
            }
        }
        (Value::Number(actual), Literal::Text(wanted)) => {
            wanted.parse().is_ok_and(|wanted| compare_number(actual, operator, wanted))
        }
        _ => false,
    }
}

fn compare_number(actual: &serde_json::Number, operator: Operator, wanted: f64) -> bool {
    compare_one(&Value::Number(actual.clone()), operator, &Literal::Number(wanted))
}

/// `*` stands for any run of characters.
fn wildcard(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    OData,
    Opath,
}

/// Reads a Graph `$filter`.
pub(crate) fn odata(text: &str) -> Result<Expression, String> {
    parse(text, Dialect::OData)
}

/// Reads an Exchange `Filter`. `-and` binds tighter than `-or`: our guess, the documentation tells
/// people to use brackets.
pub(crate) fn opath(text: &str) -> Result<Expression, String> {
    parse(text, Dialect::Opath)
}

fn parse(text: &str, dialect: Dialect) -> Result<Expression, String> {
    let tokens = tokens(text, dialect)?;
    let mut parser = Parser { tokens: &tokens, at: 0, dialect };
    let expression = parser.or()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.expected("the end of the filter")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Quoted(String),
    Word(String),
}

fn tokens(text: &str, dialect: Dialect) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            space if space.is_whitespace() => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            quote if quote == '\'' || (quote == '"' && dialect == Dialect::Opath) => {
                let mut value = String::new();
                loop {
                    match characters.next() {
                        Some((_, next)) if next == quote => match characters.next_if(|(_, after)| *after == quote) {
                            Some(_) => value.push(quote),
                            None => break,
                        },
                        Some((_, next)) => value.push(next),
                        None => return Err(format!("Unterminated string at position {at}")),
                    }
                }
                tokens.push(Token::Quoted(value));
            }
            first => {
                let mut word = String::from(first);
                while let Some((_, next)) = characters
                    .next_if(|(_, next)| !next.is_whitespace() && !matches!(next, '(' | ')' | ',' | '\'' | '"'))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    dialect: Dialect,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn expected(&self, what: &str) -> String {
        format!("{what} expected at token {}", self.at + 1)
    }

    fn keyword(&mut self, name: &str) -> bool {
        let written = match self.dialect {
            Dialect::OData => name.to_owned(),
            Dialect::Opath => format!("-{name}"),
        };
        let found = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(&written));
        if found {
            self.at += 1;
        }
        found
    }

    fn take(&mut self, token: &Token, what: &str) -> Result<(), String> {
        if self.peek() == Some(token) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }

    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while self.keyword("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.unary()?;
        while self.keyword("and") {
            left = Expression::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        if self.keyword("not") {
            return Ok(Expression::Not(Box::new(self.unary()?)));
        }
        match self.next() {
            Some(Token::Open) => {
                let inner = self.or()?;
                self.take(&Token::Close, "')'")?;
                Ok(inner)
            }
            Some(Token::Word(word)) => self.test(word),
            _ => Err(self.expected("Expression")),
        }
    }

    fn test(&mut self, property: String) -> Result<Expression, String> {
        if self.dialect == Dialect::OData && self.peek() == Some(&Token::Open) {
            return self.function(&property);
        }
        let operator = match self.next() {
            Some(Token::Word(word)) => word.to_ascii_lowercase(),
            _ => return Err(self.expected("Operator")),
        };
        if self.dialect == Dialect::OData && operator == "in" {
            return self.one_of(&property);
        }
        let operator = match self.dialect {
            Dialect::Opath => operator.strip_prefix('-').unwrap_or(""),
            Dialect::OData => &operator,
        };
        let operator = match (operator, self.dialect) {
            ("eq", _) => Operator::Equal,
            ("ne", _) => Operator::NotEqual,
            ("gt", _) => Operator::Greater,
            ("ge", _) => Operator::GreaterOrEqual,
            ("lt", _) => Operator::Less,
            ("le", _) => Operator::LessOrEqual,
            ("like", Dialect::Opath) => Operator::Like,
            ("notlike", Dialect::Opath) => Operator::NotLike,
            _ => return Err(self.expected("Operator")),
        };
        let value = self.value()?;
        Ok(Expression::Test { property, operator, value })
    }

    /// `startswith(a,'b')` and its like, and `things/any(t:t eq 'b')`.
    fn function(&mut self, name: &str) -> Result<Expression, String> {
        self.take(&Token::Open, "'('")?;
        let lower = name.to_ascii_lowercase();
        if let Some(collection) = lower.strip_suffix("/any") {
            match self.next() {
                Some(Token::Word(word)) if word.contains(':') => {}
                _ => return Err(self.expected("Range variable")),
            }
            let test = self.test(name[..collection.len()].to_owned())?;
            self.take(&Token::Close, "')'")?;
            return Ok(test);
        }
        let operator = match &*lower {
            "startswith" => Operator::StartsWith,
            "endswith" => Operator::EndsWith,
            "contains" => Operator::Contains,
            _ => return Err(format!("Unknown function '{name}'")),
        };
        let Some(Token::Word(property)) = self.next() else {
            return Err(self.expected("Property"));
        };
        self.take(&Token::Comma, "','")?;
        let value = self.value()?;
        self.take(&Token::Close, "')'")?;
        Ok(Expression::Test { property, operator, value })
    }

    fn one_of(&mut self, property: &str) -> Result<Expression, String> {
        self.take(&Token::Open, "'('")?;
        let mut found: Option<Expression> = None;
        loop {
            let test =
                Expression::Test { property: property.to_owned(), operator: Operator::Equal, value: self.value()? };
            found = Some(match found {
                Some(before) => Expression::Or(Box::new(before), Box::new(test)),
                None => test,
            });
            if self.peek() == Some(&Token::Comma) {
                self.at += 1;
            } else {
                break;
            }
        }
        self.take(&Token::Close, "')'")?;
        found.ok_or_else(|| self.expected("Value"))
    }

    fn value(&mut self) -> Result<Literal, String> {
        match self.next() {
            Some(Token::Quoted(text)) => Ok(Literal::Text(text)),
            Some(Token::Word(word)) => Ok(match &*word.to_ascii_lowercase() {
                "true" | "$true" => Literal::Flag(true),
                "false" | "$false" => Literal::Flag(false),
                "null" | "$null" => Literal::Null,
                _ => match word.parse() {
                    Ok(number) => Literal::Number(number),
                    // A bare word is a name in OPATH; in OData a GUID may stand without quotes.
                    Err(_) => Literal::Text(word),
                },
            }),
            _ => Err(self.expected("Value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn opath_reads_what_administrators_write() {
        let room =
            json!({"RecipientTypeDetails": "RoomMailbox", "DisplayName": "B'1 01", "Hidden": false, "Capacity": 8});
        for (filter, expected) in [
            ("RecipientTypeDetails -eq 'RoomMailbox'", true),
            ("recipienttypedetails -eq 'roommailbox'", true),
            ("DisplayName -like 'B''1*'", true),
            ("DisplayName -like \"*01\" -and Hidden -eq $false", true),
            ("Hidden -eq 'False'", true),
            ("-not (Hidden -eq $true)", true),
            ("Hidden -eq $true -or Capacity -gt 7", true),
            ("Hidden -eq $true -or Hidden -eq $true -and Capacity -gt 7", false),
            ("Office -eq $null", true),
            ("Office -ne $null", false),
            ("DisplayName -notlike '*02*'", true),
            ("((DisplayName -eq 'x'))", false),
        ] {
            assert_eq!(opath(filter).unwrap().holds_for(&room), expected, "{filter}");
        }
    }

    #[test]
    fn odata_reads_what_clients_send() {
        let room =
            json!({"displayName": "B1", "address": {"city": "Buffalo"}, "groupTypes": ["Unified"], "capacity": 8});
        for (filter, expected) in [
            ("displayName eq 'b1'", true),
            ("startswith(displayName,'B')", true),
            ("not startswith(displayName,'B')", false),
            ("(displayName eq 'x') or (address/city eq 'Buffalo' and capacity ge 8)", true),
            ("groupTypes/any(c:c eq 'Unified')", true),
            ("displayName in ('a','b1')", true),
            ("displayName ne null", true),
        ] {
            assert_eq!(odata(filter).unwrap().holds_for(&room), expected, "{filter}");
        }
    }

    #[test]
    fn broken_filters_are_refused() {
        for filter in [
            "",
            "DisplayName",
            "DisplayName -eq",
            "DisplayName eq 'x'",
            "DisplayName -eq 'x",
            "(DisplayName -eq 'x'",
            "DisplayName -eq 'x' 'y'",
            "-and",
        ] {
            assert!(opath(filter).is_err(), "{filter}");
        }
        for filter in ["", "displayName", "foo(displayName,'x')", "a eq 'x' and"] {
            assert!(odata(filter).is_err(), "{filter}");
        }
    }
}
