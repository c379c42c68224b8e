//! Diagnostics as versioned JSON.
