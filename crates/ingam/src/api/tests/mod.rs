//! The API as institutions meet it, each test a whole program without a socket.

mod acts;
mod bad_input;
mod consents;
mod described;
mod documents;
mod faults;
mod lists;
mod persons;
mod phones;
mod policies;
mod results;
mod reviews;
mod staff;
mod steps;
mod twice;
mod webhooks;
