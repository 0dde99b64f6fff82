use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::exchange::macros::{cmdlet, record};
use crate::exchange::{Identity, lenient};
use crate::ids::InvalidValue;
use crate::text::Printable;

/// A folder of a mailbox, such as `room@contoso.com:\Calendar`.
///
/// Folders are named in the language of the mailbox: a German one has `\Kalender`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailboxFolder {
    mailbox: Identity,
    path: String,
}

impl MailboxFolder {
    /// The calendar of a mailbox whose language is English.
    #[must_use]
    pub fn calendar(mailbox: impl Into<Identity>) -> Self {
        Self { mailbox: mailbox.into(), path: "\\Calendar".into() }
    }

    /// Any folder, by its path from the root of the mailbox, such as `\Kalender` or `\Inbox\Rooms`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] unless the path begins with `\` and holds no control character. The mailbox must not hold `:\`,
    /// behind which the path would begin.
    pub fn new(mailbox: impl Into<Identity>, path: impl Into<String>) -> Result<Self, InvalidValue> {
        let (mailbox, path) = (mailbox.into(), path.into());
        if !path.starts_with('\\') || path.chars().any(char::is_control) {
            return Err(InvalidValue::new("folder", path, "must begin with \\ and hold no control character"));
        }
        if mailbox.as_str().contains(":\\") {
            return Err(InvalidValue::new("mailbox", mailbox.as_str(), "must not hold :\\"));
        }
        Ok(Self { mailbox, path })
    }
}

impl fmt::Display for MailboxFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.mailbox, Printable(&self.path))
    }
}

impl Serialize for MailboxFolder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.mailbox.as_str(), self.path))
    }
}

impl<'de> Deserialize<'de> for MailboxFolder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let Some(at) = text.find(":\\") else {
            return Err(de::Error::custom("a folder must have the form mailbox:\\path"));
        };
        let mailbox = text[..at].parse::<Identity>().map_err(de::Error::custom)?;
        Self::new(mailbox, &text[at + 1..]).map_err(de::Error::custom)
    }
}

/// The user that a permission is granted to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FolderUser {
    /// Every user of the organisation without a permission for that user alone.
    Default,
    /// Every user outside the organisation.
    Anonymous,
    /// A user or a mail-enabled security group.
    Recipient(Identity),
}

impl FolderUser {
    fn as_str(&self) -> &str {
        match self {
            Self::Default => "Default",
            Self::Anonymous => "Anonymous",
            Self::Recipient(recipient) => recipient.as_str(),
        }
    }
}

impl<I: Into<Identity>> From<I> for FolderUser {
    fn from(recipient: I) -> Self {
        Self::Recipient(recipient.into())
    }
}

impl fmt::Display for FolderUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("everyone in the organisation"),
            Self::Anonymous => f.write_str("everyone outside"),
            Self::Recipient(recipient) => recipient.fmt(f),
        }
    }
}

impl Serialize for FolderUser {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FolderUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let identity = Identity::deserialize(deserializer)?;
        Ok(match identity.as_str() {
            "Default" => Self::Default,
            "Anonymous" => Self::Anonymous,
            _ => Self::Recipient(identity),
        })
    }
}

macro_rules! folder_rights {
    ($($(#[$doc:meta])* $right:ident,)+) => {
        /// The access rights on a folder: a role, or individual permissions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum FolderRight {
            $($(#[$doc])* $right,)+
        }

        impl FolderRight {
            /// The name in Exchange.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$right => stringify!($right),)+
                }
            }
        }
    };
}
folder_rights! {
    /// Role: no access.
    None,
    /// Role for calendars: view free/busy times.
    AvailabilityOnly,
    /// Role for calendars: view free/busy times with subject and location.
    LimitedDetails,
    /// Role: read all items.
    Reviewer,
    /// Role: create items. Items are not visible.
    Contributor,
    /// Role: read and create items, delete own items.
    NonEditingAuthor,
    /// Role: read and create items, edit and delete own items.
    Author,
    /// Role: as `Author`, and create subfolders.
    PublishingAuthor,
    /// Role: read, create, edit and delete all items.
    Editor,
    /// Role: as `Editor`, and create subfolders.
    PublishingEditor,
    /// Role: all rights, and change the folder's permissions.
    Owner,
    /// Create items.
    CreateItems,
    /// Create subfolders.
    CreateSubfolders,
    /// Delete all items.
    DeleteAllItems,
    /// Delete own items.
    DeleteOwnedItems,
    /// Edit all items.
    EditAllItems,
    /// Edit own items.
    EditOwnedItems,
    /// Be the contact of the folder.
    FolderContact,
    /// Be the owner of the folder: view and move it, create subfolders.
    FolderOwner,
    /// View the folder, without its items.
    FolderVisible,
    /// Read items.
    ReadItems,
}

impl fmt::Display for FolderRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn listed(rights: &[FolderRight]) -> String {
    rights.iter().map(|right| right.as_str()).collect::<Vec<_>>().join(" and ")
}

fn check_rights(rights: &[FolderRight]) -> Result<(), InvalidValue> {
    if rights.is_empty() {
        return Err(InvalidValue::new("access rights", "", "must not be empty: None takes every right away"));
    }
    Ok(())
}

cmdlet! {
    /// reads the permissions on a folder of a mailbox.
    Read "Get-MailboxFolderPermission" => GetMailboxFolderPermission -> Vec<MailboxFolderPermission>, end_point "MailboxFolderPermission";
    permissions "View-Only Recipients.";
    display |self, f| match &self.user {
        Some(user) => write!(f, "Read what {user} may do in {}", self.identity),
        None => write!(f, "List who may do what in {}", self.identity),
    };

    /// All permissions on a folder.
    fn new {
        required identity as folder: MailboxFolder;
        /// Limits the list to one user. It is an error when this user has no permission.
        optional user: impl Into<FolderUser>;
        result_size;
    }
}

/// The two cmdlets that write a permission, which have the same parameters.
macro_rules! write_permission {
    ($(#[doc = $doc:literal])+ $name:ident, $cmdlet:literal, $output:ty, $sentence:literal) => {
        cmdlet! {
            $(#[doc = $doc])+
            Write $cmdlet => $name -> $output;
            permissions "Mail Recipients, which Exchange Administrator and Exchange Recipient Administrator have.";
            display |self, f| write!(f, $sentence, listed(&self.access_rights), self.user, self.identity);

            fn of {
                required identity: MailboxFolder;
                required user: impl Into<FolderUser>;
                required access_rights: Vec<FolderRight>;
                /// Sets whether the user is notified by mail. Default `false`.
                optional send_notification_to_user as notify: bool;
                confirm;
            }
            impl {
                fn check(&self) -> Result<(), InvalidValue> {
                    check_rights(&self.access_rights)
                }
            }
        }

        impl $name {
            /// Grants `user` these rights in `folder`: one role, or single rights.
            #[must_use]
            pub fn new(
                folder: MailboxFolder,
                user: impl Into<FolderUser>,
                rights: impl IntoIterator<Item = FolderRight>,
            ) -> Self {
                Self::of(folder, user, rights.into_iter().collect())
            }
        }
    };
}

write_permission! {
    /// adds a permission for a user that has none on the folder.
    AddMailboxFolderPermission, "Add-MailboxFolderPermission", MailboxFolderPermission,
    "Give the right {} to {} in {}"
}
write_permission! {
    /// replaces the rights of a user that has a permission on the folder.
    SetMailboxFolderPermission, "Set-MailboxFolderPermission", (),
    "Make {} the only right of {} in {}"
}

cmdlet! {
    /// removes the permission of one user from a folder. Those of other users stay.
    Write "Remove-MailboxFolderPermission" => RemoveMailboxFolderPermission -> ();
    permissions "Mail Recipients, which Exchange Administrator and Exchange Recipient Administrator have.";
    sentence "Remove all rights of {user} in {identity}";

    /// Removes the permission of `user` on `folder`.
    fn new {
        required identity as folder: MailboxFolder;
        required user: impl Into<FolderUser>;
        confirm;
    }
}

record! {
    /// The permission of one user on a folder.
    pub struct MailboxFolderPermission {
        /// The folder's name.
        pub folder_name: Option<String>,
        /// The user: a name, `Default` or `Anonymous`.
        pub user: Option<String> = "user_name",
        /// The rights, by name. The service sends them as one text with commas inside a list.
        pub access_rights: Vec<String> = "lenient::flags",
        /// Flags such as `Delegate`.
        pub sharing_permission_flags: Vec<String> = "lenient::flags",
    }
}

impl MailboxFolderPermission {
    /// Whether this right is among them.
    #[must_use]
    pub fn grants(&self, right: FolderRight) -> bool {
        self.access_rights.iter().any(|name| name.eq_ignore_ascii_case(right.as_str()))
    }
}

/// A user comes as a name, or as an object that has one.
fn user_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let name = value.get("DisplayName").and_then(Value::as_str).map(str::to_owned);
    match name {
        Some(name) => Ok(Some(name)),
        None => lenient::text(value).map_err(de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cmdlet;

    fn room() -> Identity {
        "room@contoso.com".parse().unwrap()
    }

    #[test]
    fn a_folder_is_a_mailbox_and_a_path() {
        let folder = MailboxFolder::calendar(room().shown_as("Room 1"));
        assert_eq!(folder.to_string(), "Room 1:\\Calendar");
        let wire = serde_json::to_string(&folder).unwrap();
        assert_eq!(wire, r#""room@contoso.com:\\Calendar""#);
        assert_eq!(serde_json::from_str::<MailboxFolder>(&wire).unwrap(), folder);
        assert!(MailboxFolder::new(room(), "Calendar").is_err());
        assert!(MailboxFolder::new("a:\\b".parse::<Identity>().unwrap(), "\\Calendar").is_err());
    }

    #[test]
    fn rights_are_read_from_a_list_inside_a_list_and_never_sent_empty() {
        let row = r#"{"FolderName":"Calendar","User":{"DisplayName":"Default"},"AccessRights":["LimitedDetails, ReadItems"]}"#;
        let permission: MailboxFolderPermission = serde_json::from_str(row).unwrap();
        assert_eq!(permission.user.as_deref(), Some("Default"));
        assert!(permission.grants(FolderRight::LimitedDetails) && permission.grants(FolderRight::ReadItems));
        let set =
            |rights| SetMailboxFolderPermission::new(MailboxFolder::calendar(room()), FolderUser::Default, rights);
        assert!(set(vec![]).check().is_err());
        let set = set(vec![FolderRight::LimitedDetails]);
        let sentence =
            "Make LimitedDetails the only right of everyone in the organisation in room@contoso.com:\\Calendar";
        assert_eq!(set.to_string(), sentence);
    }
}
