//! Who is in a group or unit: comparison of ids, and the look-up of direct and nested members.

use std::collections::HashSet;
use std::sync::OnceLock;

use graph_client::ObjectId;
use uuid::Uuid;

use super::Truth;
use super::facts::{CasSettings, Fact, Group, GroupType, Ids, MailboxFacts, Member};

impl Ids {
    /// Whether both are ids of one object: by the Entra object id, else by the GUIDs in Exchange. Unknown when the two
    /// have no id of the same kind.
    #[must_use]
    pub fn same(&self, other: &Self) -> Truth {
        fn compare<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<bool> {
            Some(one? == other?)
        }
        compare(self.entra, other.entra)
            .or_else(|| compare(self.exchange_guid, other.exchange_guid))
            .or_else(|| compare(self.guid, other.guid))
            .into()
    }

    /// The ids of an object that is known by its Entra object id.
    #[must_use]
    pub const fn entra(id: ObjectId) -> Self {
        Self { entra: Some(id), exchange_guid: None, guid: None }
    }

    fn has(&self, id: Uuid) -> bool {
        self.entra.is_some_and(|entra| *entra.as_uuid() == id)
            || self.exchange_guid == Some(id)
            || self.guid == Some(id)
    }
}

impl Group {
    /// Whether an id is one of the group's.
    pub(super) fn has_id(&self, id: Uuid) -> bool {
        self.ids.has(id)
    }

    /// A name to show.
    #[must_use]
    pub fn label(&self) -> &str {
        let address = || self.addresses.first().map(String::as_str);
        self.display_name.as_deref().or(self.name.as_deref()).or_else(address).unwrap_or("a group without a name")
    }
}

/// What a recipient is, as far as membership cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberKind {
    Mailbox,
    Group,
    /// A contact, a mail user, a device: neither a mailbox nor a group.
    Neither,
    Unknown,
}

/// Sorts a `RecipientTypeDetails`.
pub(super) fn member_kind(kind: Option<&str>) -> MemberKind {
    let Some(kind) = kind else { return MemberKind::Unknown };
    let lower = kind.to_ascii_lowercase();
    let neither = ["mailuser", "guestmailuser", "mailcontact", "user", "disableduser", "contact", "publicfolder"];
    if lower == "groupmailbox" {
        // A Microsoft 365 group is a mailbox and a group.
        MemberKind::Unknown
    } else if lower.ends_with("group") || lower == "roomlist" {
        MemberKind::Group
    } else if neither.contains(&lower.as_str()) || (lower.starts_with("remote") && lower.ends_with("mailbox")) {
        MemberKind::Neither
    } else if lower.ends_with("mailbox") {
        MemberKind::Mailbox
    } else {
        MemberKind::Unknown
    }
}

/// The direct members of a group or unit, prepared for many questions.
#[derive(Debug)]
pub(super) struct Members<'f> {
    list: &'f Fact<Vec<Member>>,
    by_entra: HashSet<ObjectId>,
    /// The members without an Entra object id, which are compared one by one.
    others: Vec<&'f Member>,
}

impl<'f> Members<'f> {
    pub(super) fn new(list: &'f Fact<Vec<Member>>) -> Self {
        let entries = list.entries();
        Self {
            list,
            by_entra: entries.iter().filter_map(|member| member.ids.entra).collect(),
            others: entries.iter().filter(|member| member.ids.entra.is_none()).collect(),
        }
    }

    /// Whether a mailbox is a direct member.
    pub(super) fn contain(&self, ids: &Ids) -> Truth {
        // What is certainly no mailbox is not this one, whatever its ids lack.
        let can_be =
            |member: &Member| !matches!(member_kind(member.kind.as_deref()), MemberKind::Group | MemberKind::Neither);
        let compare = |member: &Member| if can_be(member) { member.ids.same(ids) } else { Truth::No };
        let found = match ids.entra {
            Some(id) if self.by_entra.contains(&id) => Truth::Yes,
            Some(_) => Truth::any(self.others.iter().map(|member| compare(member))),
            None => Truth::any(self.list.entries().iter().map(compare)),
        };
        match self.list {
            Fact::Read(_) => found,
            Fact::Partly(..) | Fact::Unread(_) => found.or(Truth::Unknown),
        }
    }
}

/// The groups of the facts with their members.
#[derive(Debug)]
pub(super) struct Groups<'f> {
    all: Vec<Known<'f>>,
}

#[derive(Debug)]
struct Known<'f> {
    group: &'f Group,
    members: Members<'f>,
    /// The groups nested in it, at any depth, and whether these are all.
    nested: OnceLock<(Vec<&'f Group>, bool)>,
}

impl<'f> Groups<'f> {
    pub(super) fn new(groups: &'f Fact<Vec<Group>>) -> Self {
        Self {
            all: groups
                .entries()
                .iter()
                .map(|group| Known { group, members: Members::new(&group.members), nested: OnceLock::new() })
                .collect(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'f Group> + '_ {
        self.all.iter().map(|known| known.group)
    }

    /// The only group that fits. Several are as good as none: the first would be a guess.
    pub(super) fn only(&self, fits: impl Fn(&Group) -> bool) -> Option<&'f Group> {
        let mut fitting = self.iter().filter(|group| fits(group));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    fn known(&self, group: &Group) -> Option<&Known<'f>> {
        self.all.iter().find(|known| std::ptr::eq(known.group, group))
    }

    pub(super) fn contains_directly(&self, group: &Group, mailbox: &Ids) -> Truth {
        self.known(group).map_or(Truth::Unknown, |known| known.members.contain(mailbox))
    }

    /// Whether the mailbox is in a group that is nested in this one, at any depth.
    pub(super) fn contains_nested(&self, group: &Group, mailbox: &Ids) -> Truth {
        let Some(known) = self.known(group) else { return Truth::Unknown };
        let (nested, is_known) = known.nested.get_or_init(|| self.nested(group));
        let found = Truth::any(nested.iter().map(|inner| match inner.kind {
            Some(GroupType::DynamicDistribution) => Truth::Unknown,
            _ => self.contains_directly(inner, mailbox),
        }));
        if *is_known { found } else { found.or(Truth::Unknown) }
    }

    /// The groups nested in a group, at any depth, and whether these are all.
    pub(super) fn nested(&self, group: &Group) -> (Vec<&'f Group>, bool) {
        let mut found: Vec<&'f Group> = Vec::new();
        let mut is_known = true;
        let mut open: Vec<&Group> = vec![group];
        while let Some(next) = open.pop() {
            // An unread list of members already makes the direct question unknown; here it hides nested groups.
            is_known &= next.members.missing().is_none();
            for member in next.members.entries() {
                let kind = member_kind(member.kind.as_deref());
                if matches!(kind, MemberKind::Mailbox | MemberKind::Neither) {
                    continue;
                }
                match self.iter().find(|known| known.ids.same(&member.ids) == Truth::Yes) {
                    Some(inner) if std::ptr::eq(inner, group) || found.iter().any(|old| std::ptr::eq(*old, inner)) => {}
                    Some(inner) => {
                        found.push(inner);
                        open.push(inner);
                    }
                    // A group whose members nobody read: Exchange's list of groups has no Microsoft 365 groups. What
                    // does not show its kind may be one as well.
                    None => is_known = false,
                }
            }
        }
        (found, is_known)
    }
}

impl MailboxFacts {
    /// A mailbox of the organisation that is in no group or unit, and of which nothing else was read. An access path to it
    /// leads to more than a group.
    pub(crate) fn stranger() -> Self {
        // No object has these ids: they are fixed, and Entra and Exchange make theirs at random.
        const fn id(last: u128) -> Uuid {
            Uuid::from_u128(0x5f2c_9d1e_77a4_4b6e_9c30_0000_0000_0000 | last)
        }
        Self {
            ids: Ids { entra: Some(ObjectId::from_uuid(id(1))), exchange_guid: Some(id(2)), guid: Some(id(3)) },
            cas: Fact::Read(CasSettings::default()),
            ..Self::default()
        }
    }

    /// The mailbox of somebody who is new: a user mailbox in no group, with names that nobody else has and nothing set of
    /// what an organisation sets for purposes of its own. Its addresses are not known.
    pub(super) fn newcomer() -> Self {
        const NAMED: [&str; 3] = ["Alias", "DisplayName", "Name"];
        const BLANK: [&str; 9] = [
            "City",
            "Company",
            "CountryOrRegion",
            "Department",
            "Notes",
            "Office",
            "Phone",
            "StateOrProvince",
            "Title",
        ];
        let of = |name: &str, values: &[&str]| (name.to_owned(), values.iter().map(|&it| it.to_owned()).collect());
        let numbered = (1..=15).map(|number| format!("CustomAttribute{number}"));
        let several = (1..=5).map(|number| format!("ExtensionCustomAttribute{number}"));
        let properties = NAMED.iter().map(|name| of(name, &["5f2c9d1e77a44b6e9c30000000000001"]));
        let properties = properties.chain(BLANK.iter().map(|name| of(name, &[])));
        let properties = properties.chain(numbered.chain(several).map(|name| (name, Vec::new())));
        Self {
            kind: Fact::Read("UserMailbox".to_owned()),
            properties: properties.chain([of("RecipientType", &["UserMailbox"])]).collect(),
            ..Self::stranger()
        }
    }

    /// Whether it stands for any mailbox: then its ids are nobody's.
    pub(super) fn is_stranger(&self) -> bool {
        self.ids == Self::stranger().ids
    }

    /// What is known about a mailbox that is only seen as a member of a group.
    pub(super) fn of_member(member: &Member) -> Self {
        Self { ids: member.ids, kind: member.kind.clone().map_or_else(Fact::default, Fact::Read), ..Self::default() }
    }
}
