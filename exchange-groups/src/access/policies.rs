//! Application access policies: what they do to the permissions that Entra granted.

use super::facts::{AccessPolicy, GroupType, MailboxFacts, PolicyApplication, PolicyRight, PolicyScope};
use super::{Access, AccessModel, Truth};

/// What the policies say about one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicyVerdict {
    pub access: Access,
    /// Whether any policy is about the application. Without one, nothing is narrowed.
    pub exists: Truth,
    pub because: String,
}

/// The order of evaluation by Microsoft's page on access policies, with three truth values: a matching deny denies, a
/// matching restrict allows, any restrict denies the rest, and no policy allows.
pub(super) const fn decide(deny: Truth, restrict: Truth, restricts: Truth) -> Access {
    use Truth::{No, Unknown, Yes};
    match (deny, restrict, restricts) {
        (Yes, _, _) | (Unknown | No, No, Yes) => Access::Denied,
        (No, Yes, _) | (No, No, No) => Access::Allowed,
        (Unknown, Yes | Unknown, _) | (Unknown, No, No | Unknown) | (No, Unknown, _) | (No, No, Unknown) => {
            Access::Unknown
        }
    }
}

impl AccessModel<'_> {
    /// The policies that are about the application: by its client id, or about every one.
    // GUESS: both kinds are evaluated as one set; wrong if a tenant shows a mailbox that the application's own policy
    // restricts it to, and that one for every application does not, refused.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &AccessPolicy> {
        let client = *self.facts.client_id.as_uuid();
        self.facts.policies.entries().iter().filter(move |policy| match policy.application {
            PolicyApplication::Every => true,
            PolicyApplication::One(id) => id == client,
        })
    }

    /// The policies about the application that deny a mailbox for certain.
    #[must_use]
    pub fn denied_by(&self, mailbox: &MailboxFacts) -> Vec<&AccessPolicy> {
        self.policies()
            .filter(|policy| policy.right == PolicyRight::Deny && self.policy_matches(policy, mailbox) == Truth::Yes)
            .collect()
    }

    pub(super) fn policy_verdict(&self, mailbox: &MailboxFacts) -> PolicyVerdict {
        let (mut deny, mut restrict, mut restricts) = (Truth::No, Truth::No, Truth::No);
        let mut exists = Truth::No;
        let mut denying = None;
        for policy in self.policies() {
            exists = Truth::Yes;
            let matches = self.policy_matches(policy, mailbox);
            match policy.right {
                PolicyRight::Deny => {
                    deny = deny.or(matches);
                    if matches == Truth::Yes {
                        denying = Some(&policy.identity);
                    }
                }
                PolicyRight::Restrict => {
                    restrict = restrict.or(matches);
                    restricts = restricts.or(policy_exists(policy));
                }
            }
        }
        if let Some(why) = self.facts.policies.missing() {
            // Another policy may be there. A deny that matches decides all the same.
            let access = if deny == Truth::Yes { Access::Denied } else { Access::Unknown };
            let because = format!("the access policies were not read to their end: {why}");
            return PolicyVerdict { access, exists: exists.or(Truth::Unknown), because };
        }
        let access = decide(deny, restrict, restricts);
        if access == Access::Denied
            && denying.is_none()
            && mailbox.kind.known().is_some_and(|kind| kind.eq_ignore_ascii_case("DiscoveryMailbox"))
        {
            let because = "an access policy that restricts was seen not to bind a discovery mailbox".into();
            return PolicyVerdict { access: Access::Unknown, exists, because };
        }
        let because = match (access, denying) {
            (Access::Denied, Some(identity)) => format!("the access policy {identity} denies it"),
            (Access::Denied, None) => "no access policy that restricts the application has it in its scope".into(),
            (Access::Allowed, _) if exists == Truth::No => "no access policy narrows it".into(),
            (Access::Allowed, _) if restrict == Truth::Yes => "it is in the scope of an access policy".into(),
            (Access::Allowed, _) => "no access policy denies it, and none restricts the application".into(),
            (Access::Unknown, _) => "whether it is in the scope of an access policy is not known".into(),
        };
        PolicyVerdict { access, exists, because }
    }

    /// Whether a policy's scope has the mailbox in it.
    fn policy_matches(&self, policy: &AccessPolicy, mailbox: &MailboxFacts) -> Truth {
        if policy.is_valid != Some(true) {
            // GUESS: what an invalid policy still does is one client's reading, so that it decides nothing alone; wrong to
            // leave it unknown if a tenant shows that it restricts, or that it does not.
            return Truth::Unknown;
        }
        match &policy.scope {
            PolicyScope::Deleted | PolicyScope::Unresolved(_) => Truth::Unknown,
            PolicyScope::User(ids) => ids.same(&mailbox.ids),
            PolicyScope::Group(id) => {
                let Some(group) = self.groups.only(|group| group.has_id(*id)) else { return Truth::Unknown };
                // Another kind of group cannot be a scope; what it does as one is not known.
                if !matches!(group.kind, None | Some(GroupType::MailEnabledSecurity)) {
                    return Truth::Unknown;
                }
                let direct = self.groups.contains_directly(group, &mailbox.ids);
                if direct == Truth::Yes {
                    return Truth::Yes;
                }
                // Microsoft's page counts nested members since 2024-11; users found otherwise before.
                match self.groups.contains_nested(group, &mailbox.ids) {
                    Truth::Yes if self.is_lenient => Truth::Yes,
                    Truth::Yes | Truth::Unknown => Truth::Unknown,
                    Truth::No => direct,
                }
            }
        }
    }
}

/// Whether a policy is in force. One that is invalid, or has lost its principal, may or may not be.
pub(super) fn policy_exists(policy: &AccessPolicy) -> Truth {
    if policy.is_valid == Some(true) && policy.scope != PolicyScope::Deleted { Truth::Yes } else { Truth::Unknown }
}
