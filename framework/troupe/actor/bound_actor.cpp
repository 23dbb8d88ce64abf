#include <caf/actor_ostream.hpp>
#include <caf/actor_system.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/send.hpp>

#include <troupe/actor/bound_actor.hpp>

namespace troupe::actor {

bound_actor::bound_actor(caf::actor_config& config, caf::execution_unit* where)
    : event_based_actor(config), where_(where), commands_(std::make_shared<command_inbox>()) {
  // Messages that no behaviour matches are a bug of ours and harmless: dropped, not printed.
  set_default_handler(caf::drop);
  set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  set_down_handler([](caf::scheduled_actor*, caf::down_msg&) {});
  set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& problem) {
      return caf::make_error(caf::sec::runtime_error, std::string(problem.what()));
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error, std::string("something that is no exception"));
    }
  });
}

void bound_actor::enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) {
  scheduled_actor::enqueue(std::move(what), where_);
}

void bound_actor::launch(caf::execution_unit* from, bool, bool hide) {
  if (!hide) register_at_system();
  caf::intrusive_ptr_add_ref(ctrl());
  if (where_ != nullptr)
    where_->exec_later(this);
  else
    from->exec_later(this);
}

caf::resumable::subtype_t bound_actor::subtype() const {
  // CAF's event loop keeps only what it takes for an I/O actor, and passes the rest on to the scheduler.
  return where_ != nullptr ? caf::resumable::io_actor : caf::resumable::scheduled_actor;
}

// Not in the turn itself: the actor would go on with the message at once, up to as many as it may take.
caf::resumable::resume_result bound_actor::resume(caf::execution_unit* on, std::size_t messages_max) {
  const auto result = event_based_actor::resume(on, messages_max);
  // From here on another thread may have resumed it already.
  if (again_.load(std::memory_order_relaxed) && again_.exchange(false, std::memory_order_relaxed))
    caf::anon_send(caf::actor_cast<caf::actor>(this), wake_up{});
  return result;
}

std::function<void()> bound_actor::waker() {
  return [self = caf::actor_cast<caf::actor_addr>(this)] {
    if (const auto alive = caf::actor_cast<caf::actor>(self)) caf::anon_send(alive, wake_up{});
  };
}

caf::behavior bound_actor::make_behavior() {
  begin();
  commands_->open(waker());
  return {[this](const wake_up&) {
    run_commands();
    turn();
  }};
}

void bound_actor::run_commands() {
  commands_->take(taken_);
  for (auto& command : taken_) command();
  taken_.clear();
}

std::string reason_text(const caf::error& reason) {
  const auto& context = reason.context();
  if (reason.category() == caf::atom("system") && context.size() == 1 &&
      context.match_element<std::string>(0))
    return context.get_as<std::string>(0);
  return caf::to_string(reason);
}

}  // namespace troupe::actor
