#include <utility>

#include <troupe/runtime/turns.hpp>

namespace troupe::runtime {

namespace {

// Per thread, not per process: which actor's turn this is, as CAF itself keeps it for logging.
thread_local std::shared_ptr<turns> running;

}  // namespace

const std::shared_ptr<turns>& turns::current() { return running; }

turns::scope::scope(std::shared_ptr<turns> self) : outer_(std::exchange(running, std::move(self))) {}

turns::scope::~scope() { running = std::move(outer_); }

}  // namespace troupe::runtime
