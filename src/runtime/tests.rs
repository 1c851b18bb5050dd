//! Guests written by hand, run and served as users do, over real sockets.

mod apart;
mod apart_async;
mod calls;
mod density;
mod edits;
mod folders;
mod grants;
mod guests;
mod isolation;
mod load;
mod merged;
mod messages;
mod observe;
mod programs;
mod server;
