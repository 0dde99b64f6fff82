//! Access to a mailbox besides its owner's: client protocols, and permissions over the whole mailbox.

use uuid::Uuid;

use crate::exchange::macros::{cmdlet, record};
use crate::exchange::{Identity, lenient};
use crate::ids::SmtpAddress;

cmdlet! {
    /// reads which client protocols are enabled for mailboxes.
    Read "Get-CASMailbox" => GetCasMailbox -> Vec<CasMailbox>;
    permissions "View-Only Recipients.";
    display |self, f| match &self.identity {
        Some(mailbox) => write!(f, "Read which protocols {mailbox} can be opened by"),
        None => f.write_str("List which protocols each mailbox can be opened by"),
    };

    /// The client protocols of all mailboxes.
    fn all {
        /// The client protocols of one mailbox.
        one identity as mailbox;
        result_size;
    }
}

record! {
    /// The client protocols that are enabled for a mailbox.
    pub struct CasMailbox {
        /// The object id in Entra ID.
        pub external_directory_object_id: Option<Uuid>,
        /// The object's GUID in Exchange.
        pub guid: Option<Uuid>,
        /// The primary address, which mail is sent from.
        pub primary_smtp_address: Option<SmtpAddress>,
        /// The name in the directory; for cloud users it is often the object id.
        pub name: Option<String>,
        /// The display name.
        pub display_name: Option<String>,
        /// Whether Exchange Web Services are enabled for the mailbox. The organisation's setting comes first.
        pub ews_enabled: Option<bool>,
        /// `EnforceAllowList` or `EnforceBlockList`: which list decides on user agents. The lists apply to Graph as well.
        pub ews_application_access_policy: Option<String>,
        /// The user agents that are allowed where the policy is `EnforceAllowList`.
        pub ews_allow_list: Vec<String>,
        /// The user agents that are blocked where the policy is `EnforceBlockList`.
        pub ews_block_list: Vec<String>,
        /// Whether IMAP4 is enabled for the mailbox.
        pub imap_enabled: Option<bool>,
        /// Whether POP3 is enabled for the mailbox.
        pub pop_enabled: Option<bool>,
        /// Whether Exchange `ActiveSync` is enabled for the mailbox.
        pub active_sync_enabled: Option<bool>,
    }
}

cmdlet! {
    /// reads the permissions over a whole mailbox, such as `FullAccess`.
    Read "Get-MailboxPermission" => GetMailboxPermission -> Vec<MailboxPermission>;
    permissions "View-Only Recipients.";
    display |self, f| match &self.user {
        Some(user) => write!(f, "Read what {user} may do in the mailbox {}", self.identity),
        None => write!(f, "List who may open the mailbox {}", self.identity),
    };

    /// All permissions over a mailbox.
    fn new {
        required identity as mailbox: impl Into<Identity>;
        /// Limits the list to one holder: a user, a group, or an application by the object id of its service principal.
        optional user: impl Into<Identity>;
        result_size;
    }
}

record! {
    /// A permission over a whole mailbox.
    pub struct MailboxPermission {
        /// The mailbox, as a name or an object id.
        pub identity: Option<String>,
        /// The holder, as a name, an id or a SID. `NT AUTHORITY\SELF` is the mailbox's own account.
        pub user: Option<String>,
        /// The rights, such as `FullAccess`.
        pub access_rights: Vec<String> = "lenient::flags",
        /// Whether the rights are denied instead of allowed.
        pub deny: Option<bool>,
        /// Whether the permission is inherited from above the mailbox.
        pub is_inherited: Option<bool>,
    }
}
