#include <utility>

#include <troupe/actor/turn_queue.hpp>

namespace troupe::actor {

namespace {

// Per thread, not per process: which actor's turn this is, as CAF itself keeps it for logging.
thread_local std::shared_ptr<turn_queue> running;

}  // namespace

const std::shared_ptr<turn_queue>& turn_queue::current() { return running; }

turn_queue::scope::scope(std::shared_ptr<turn_queue> self)
    : outer_(std::exchange(running, std::move(self))) {}

turn_queue::scope::~scope() { running = std::move(outer_); }

}  // namespace troupe::actor
