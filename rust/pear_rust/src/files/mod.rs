//! Files of guests: what is open, and the threads that wait for the disk.

mod change;
pub mod open;
pub mod quota;
pub mod threads;
