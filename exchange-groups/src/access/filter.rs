//! The recipient filters of management scopes (OPATH), evaluated with three truth values.

use super::Truth;
use super::facts::{Fact, MailboxFacts};

/// A parsed filter. What the parser does not know is a part of its own, and unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// No condition at all.
    Everybody,
    /// Conditions joined by `-and` and `-or` without brackets between them.
    Chain(Box<Self>, Vec<(Joint, Self)>),
    Not(Box<Self>),
    Compare(Comparison),
    /// A part that is not understood.
    Unparsed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    And,
    Or,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    pub property: String,
    pub operator: String,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Null,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// `-and`, `-eq`, in lower case and without the hyphen.
    Operator(String),
    Word(String),
    Quoted(String),
}

impl Filter {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        // A filter in braces is the same filter.
        let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let Some(tokens) = tokens(text) else { return Self::Unparsed };
        if tokens.is_empty() {
            return Self::Everybody;
        }
        let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
        match parser.chain() {
            Some(filter) if parser.at == tokens.len() => filter,
            _ => Self::Unparsed,
        }
    }

    /// Whether the filter holds for a mailbox. `member_of` says whether the mailbox is a direct member of the group with
    /// a distinguished name.
    pub(super) fn holds(&self, mailbox: &MailboxFacts, member_of: &dyn Fn(&str) -> Truth) -> Truth {
        match self {
            Self::Everybody => Truth::Yes,
            Self::Unparsed => Truth::Unknown,
            Self::Not(inner) => inner.holds(mailbox, member_of).not(),
            Self::Compare(comparison) => comparison.holds(mailbox, member_of),
            Self::Chain(first, rest) => {
                let first = first.holds(mailbox, member_of);
                let rest: Vec<_> = rest.iter().map(|(joint, part)| (*joint, part.holds(mailbox, member_of))).collect();
                // GUESS: it is not known whether `-and` binds closer than `-or`, or both from left to right as in
                // PowerShell. Where the two readings differ, it is unknown whether the filter holds.
                let left_to_right = rest.iter().fold(first, |held, (joint, part)| match joint {
                    Joint::And => held.and(*part),
                    Joint::Or => held.or(*part),
                });
                let (done, last) = rest.iter().fold((Truth::No, first), |(done, group), (joint, part)| match joint {
                    Joint::And => (done, group.and(*part)),
                    Joint::Or => (done.or(group), *part),
                });
                let and_first = done.or(last);
                if left_to_right == and_first { and_first } else { Truth::Unknown }
            }
        }
    }

    /// Whether the filter holds for whoever gets a mailbox.
    pub(super) fn takes_newcomers(&self) -> Truth {
        self.holds(&MailboxFacts::newcomer(), &|_| Truth::No)
    }

    /// Whether both are the same condition: without regard to case, brackets and spaces. A part that is not understood is
    /// the same as nothing.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everybody, Self::Everybody) => true,
            (Self::Not(one), Self::Not(other)) => one.is_same(other),
            (Self::Compare(one), Self::Compare(other)) => {
                let is_same_value = match (&one.value, &other.value) {
                    (Value::Text(one), Value::Text(other)) => one.to_lowercase() == other.to_lowercase(),
                    (one, other) => one == other,
                };
                one.is_about(&other.property) && one.operator == other.operator && is_same_value
            }
            (Self::Chain(first, rest), Self::Chain(other_first, other_rest)) => {
                let pairs = rest.iter().zip(other_rest);
                first.is_same(other_first)
                    && rest.len() == other_rest.len()
                    && pairs
                        .into_iter()
                        .all(|((joint, one), (other_joint, other))| joint == other_joint && one.is_same(other))
            }
            _ => false,
        }
    }

    /// Every comparison in it. `None` when a part is not understood.
    pub(super) fn comparisons(&self) -> Option<Vec<&Comparison>> {
        match self {
            Self::Everybody => Some(Vec::new()),
            Self::Unparsed => None,
            Self::Not(inner) => inner.comparisons(),
            Self::Compare(comparison) => Some(vec![comparison]),
            Self::Chain(first, rest) => {
                let mut all = first.comparisons()?;
                for (_, part) in rest {
                    all.extend(part.comparisons()?);
                }
                Some(all)
            }
        }
    }

    /// The distinguished name of the group, when the filter is membership in one group and nothing else.
    pub(super) fn only_group(&self) -> Option<&str> {
        match self {
            Self::Compare(Comparison { property, operator, value: Value::Text(name) })
                if property.eq_ignore_ascii_case("MemberOfGroup") && operator == "eq" =>
            {
                Some(name)
            }
            _ => None,
        }
    }
}

/// Whether two distinguished names are the same: without regard to case and to spaces around the separators.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    let parts = |name: &str| -> Vec<String> {
        name.split(',')
            .map(|part| part.split('=').map(str::trim).collect::<Vec<_>>().join("=").to_lowercase())
            .collect()
    };
    parts(one) == parts(other)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        match next {
            space if space.is_whitespace() => {
                rest.next();
            }
            '(' => {
                rest.next();
                tokens.push(Token::Open);
            }
            ')' => {
                rest.next();
                tokens.push(Token::Close);
            }
            '!' => {
                rest.next();
                tokens.push(Token::Operator("not".into()));
            }
            quote @ ('\'' | '"') => {
                rest.next();
                let mut value = String::new();
                loop {
                    match rest.next()? {
                        end if end == quote => {
                            if rest.next_if_eq(&quote).is_none() {
                                break;
                            }
                            value.push(quote);
                        }
                        other => value.push(other),
                    }
                }
                tokens.push(Token::Quoted(value));
            }
            _ => {
                let mut word = String::new();
                while let Some(part) =
                    rest.next_if(|part| !part.is_whitespace() && !matches!(part, '(' | ')' | '\'' | '"'))
                {
                    word.push(part);
                }
                tokens.push(match word.strip_prefix('-') {
                    Some(name) if name.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                        Token::Operator(name.to_ascii_lowercase())
                    }
                    _ => Token::Word(word),
                });
            }
        }
    }
    Some(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    /// Deeper brackets than anybody writes are not followed.
    const DEPTH: usize = 64;

    fn next(&mut self) -> Option<&'t Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn chain(&mut self) -> Option<Filter> {
        let first = self.part()?;
        let mut rest = Vec::new();
        while let Some(Token::Operator(name)) = self.tokens.get(self.at) {
            let joint = match name.as_str() {
                "and" => Joint::And,
                "or" => Joint::Or,
                _ => return None,
            };
            self.at += 1;
            rest.push((joint, self.part()?));
        }
        Some(if rest.is_empty() { first } else { Filter::Chain(Box::new(first), rest) })
    }

    fn part(&mut self) -> Option<Filter> {
        self.depth += 1;
        if self.depth > Self::DEPTH {
            return None;
        }
        let part = match self.next()? {
            Token::Open => {
                let inner = self.chain()?;
                matches!(self.next()?, Token::Close).then_some(inner)?
            }
            Token::Operator(name) if name == "not" => Filter::Not(Box::new(self.part()?)),
            Token::Word(property) => {
                let Token::Operator(operator) = self.next()? else { return None };
                let value = match self.next()? {
                    Token::Quoted(text) => Value::Text(text.clone()),
                    Token::Word(word) if word.eq_ignore_ascii_case("$null") => Value::Null,
                    // Any other variable would be expanded by a shell that is not here.
                    Token::Word(word) => match word.strip_prefix('$') {
                        None => Value::Text(word.clone()),
                        Some(flag) if flag.eq_ignore_ascii_case("true") || flag.eq_ignore_ascii_case("false") => {
                            Value::Text(flag.to_owned())
                        }
                        Some(_) => return None,
                    },
                    _ => return None,
                };
                Filter::Compare(Comparison { property: property.clone(), operator: operator.clone(), value })
            }
            _ => return None,
        };
        self.depth -= 1;
        Some(part)
    }
}

impl Comparison {
    pub(super) fn is_about(&self, property: &str) -> bool {
        self.property.eq_ignore_ascii_case(property)
    }

    fn holds(&self, mailbox: &MailboxFacts, member_of: &dyn Fn(&str) -> Truth) -> Truth {
        if self.is_about("MemberOfGroup") {
            return match (self.operator.as_str(), &self.value) {
                ("eq", Value::Text(name)) => member_of(name),
                ("ne", Value::Text(name)) => member_of(name).not(),
                _ => Truth::Unknown,
            };
        }
        let Some(values) = self.values(mailbox) else { return Truth::Unknown };
        let wanted = match &self.value {
            Value::Text(text) => text,
            Value::Null => {
                return match self.operator.as_str() {
                    "eq" => Truth::from(values.is_empty()),
                    "ne" => Truth::from(!values.is_empty()),
                    _ => Truth::Unknown,
                };
            }
        };
        let each = |fits: &dyn Fn(&str) -> Truth| values.iter().map(|value| fits(value)).collect::<Vec<_>>();
        match self.operator.as_str() {
            "eq" => Truth::any(each(&|value| self.equals(value, wanted))),
            "like" => Truth::any(each(&|value| like(value, wanted))),
            "ne" => unlike(&each(&|value| self.equals(value, wanted))),
            "notlike" => unlike(&each(&|value| like(value, wanted))),
            _ => Truth::Unknown,
        }
    }

    fn equals(&self, value: &str, wanted: &str) -> Truth {
        if self.is_about("DistinguishedName") {
            return Truth::from(same_name(value, wanted));
        }
        Truth::from(value.to_lowercase() == wanted.to_lowercase())
    }

    /// The values of the property. `None` when they were not read.
    fn values(&self, mailbox: &MailboxFacts) -> Option<Vec<String>> {
        let id = |id: Option<String>| id.filter(|_| !mailbox.is_stranger()).map(|id| vec![id]);
        match self.property.to_ascii_lowercase().as_str() {
            // A filter on the primary address compares the other addresses too (Microsoft's page on filterable
            // properties).
            "primarysmtpaddress" | "emailaddresses" => match &mailbox.addresses {
                Fact::Read(addresses) => Some(
                    addresses
                        .iter()
                        .flat_map(|address| {
                            let bare = bare_address(address).to_owned();
                            // The prefix is a part of the value that a filter may or may not write.
                            [format!("smtp:{bare}"), bare]
                        })
                        .collect(),
                ),
                _ => None,
            },
            "recipienttypedetails" => mailbox.kind.whole().map(|kind| vec![kind.clone()]),
            "distinguishedname" => mailbox.distinguished_name.clone().map(|name| vec![name]),
            "externaldirectoryobjectid" => id(mailbox.ids.entra.map(|id| id.to_string())),
            "exchangeguid" => id(mailbox.ids.exchange_guid.map(|id| id.to_string())),
            "guid" => id(mailbox.ids.guid.map(|id| id.to_string())),
            _ => mailbox
                .properties
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&self.property))
                .map(|(_, values)| values.clone()),
        }
    }
}

/// An address without its type.
pub(super) fn bare_address(address: &str) -> &str {
    match address.split_once(':') {
        Some((kind, bare)) if kind.eq_ignore_ascii_case("smtp") => bare,
        _ => address,
    }
}

/// None of the values fits. A blank property, and several values of which only some fit, are read differently by
/// different parts of Exchange.
// GUESS: whether `-ne` holds for a blank property is not documented; wrong to leave it unknown if a page says so.
fn unlike(fits: &[Truth]) -> Truth {
    if fits.is_empty() {
        return Truth::Unknown;
    }
    let none = Truth::any(fits.iter().copied()).not();
    let some = Truth::any(fits.iter().map(|fits| fits.not()));
    if none == some { none } else { Truth::Unknown }
}

/// `-like` with an asterisk at the beginning, the end or both. Others are not documented for filters.
fn like(value: &str, pattern: &str) -> Truth {
    let (value, pattern) = (value.to_lowercase(), pattern.to_lowercase());
    let open_start = pattern.starts_with('*');
    let inner = pattern.strip_prefix('*').unwrap_or(&pattern);
    let open_end = inner.ends_with('*');
    let inner = inner.strip_suffix('*').unwrap_or(inner);
    if inner.contains(['*', '?', '[']) {
        return Truth::Unknown;
    }
    // An asterisk alone asks for any value; there is one.
    Truth::from(match (open_start, open_end) {
        (true, true) => value.contains(inner),
        (true, false) => value.ends_with(inner),
        (false, true) => value.starts_with(inner),
        (false, false) => value == inner,
    })
}

impl Comparison {
    /// The distinguished name of the group that it asks membership of.
    pub(super) fn group(&self) -> Option<&str> {
        match &self.value {
            Value::Text(name) if self.is_about("MemberOfGroup") => Some(name),
            _ => None,
        }
    }
}
