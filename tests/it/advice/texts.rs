//! What administrators read.
