//! Teams and Planner.

mod planner;
mod teams;

pub use self::planner::{
    NewPlannerTask, Planner, PlannerAssignment, PlannerBucket, PlannerContainer, PlannerPlan, PlannerTask,
    PlannerTaskUpdate,
};
pub use self::teams::{
    Channel, ChannelIdentity, ChatAttachment, ChatMention, ChatMessage, ChatMessageImportance, ChatMessageType,
    NewChatMessage,
};
