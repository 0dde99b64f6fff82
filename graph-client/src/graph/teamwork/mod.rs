//! Teams and Planner.

#[cfg(feature = "planner")]
mod planner;
#[cfg(feature = "teams")]
mod teams;

#[cfg(feature = "planner")]
pub use self::planner::{
    NewPlannerTask, Planner, PlannerAssignment, PlannerBucket, PlannerContainer, PlannerPlan, PlannerTask,
    PlannerTaskUpdate,
};
#[cfg(feature = "teams")]
pub use self::teams::{
    Channel, ChannelIdentity, ChatAttachment, ChatMention, ChatMessage, ChatMessageImportance, ChatMessageType,
    NewChatMessage,
};
