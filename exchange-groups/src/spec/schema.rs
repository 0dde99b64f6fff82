//! What a JSON Schema can say of single texts. The rules that it cannot say are the builder's.

/// What every address looks like. Which characters it may hold is for the builder to say.
pub(super) const ADDRESS: &str = r"^[^@\s]+@[^@\s]+\.[^@\s]+$";

/// A GUID as Microsoft shows it. Spaces around it are trimmed.
pub(super) const GUID: &str = r"^\s*[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\s*$";
