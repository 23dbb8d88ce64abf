#include "server.hpp"

#include <algorithm>
#include <utility>

namespace troupe::simulator {

namespace {

admission::options options_of(const server_model& model) {
  return {.in_flight_max = model.in_flight_max, .concurrency = model.concurrency, .workers = model.workers};
}

// Nothing is known of a request's size here, and nothing fails by chance.
constexpr std::size_t unbounded = ~std::size_t{0};
constexpr std::uint64_t no_chance = 0;

}  // namespace

server::server(const server_model& model, server_index self, std::uint32_t routers, ledger& all,
               happenings& next)
    : model_(&model),
      self_(self),
      all_(&all),
      next_(&next),
      workers_(model.workers),
      intake_(unbounded, no_chance),
      service_(options_of(model)),
      by_router_(routers),
      waiting_(model.workers) {
  begin_life();
}

void server::begin_life() {
  intake_ = admission::intake(unbounded, no_chance);
  service_ = admission::service(options_of(*model_));
  service_.life().launched({});
  service_.life().began();
  meter_ = admission::service_meter(model_->workers);
  usual_ = {};
}

admission::ruling server::admit(std::uint32_t slot, time_point now) {
  attempt& it = all_->attempt(slot);
  const auto ruling = intake_.ask(
      service_,
      {.criticality = all_->request_of(it).criticality, .attempt = it.kind, .bounce_at = it.bounce_at},
      [this] { return meter_.serving(); });
  if (ruling.what != admission::ruling::kind::admit) return ruling;
  it.arrived = now;
  it.counted = true;
  ++by_router_[it.router];
  if (model_->discipline == discipline::fifo) {
    const bool heeds_deadlines = model_->expired == server_model::overdue::dropped;
    waiting_.add(slot, {.method = all_->request_of(it).method,
                        .criticality = all_->request_of(it).criticality,
                        .arrived = now,
                        .deadline = heeds_deadlines ? it.deadline : never});
    start_waiting(now);
  } else {
    share(slot, now);
  }
  return ruling;
}

void server::start_waiting(time_point now) {
  while (!frozen_ && busy_ < model_->workers && !waiting_.empty()) {
    const auto [slot, turn] = waiting_.call(usual_, now);
    attempt& it = all_->attempt(slot);
    const auto criticality = all_->request_of(it).criticality;
    const bool late = turn.fate == admission::fate::too_late;
    if (turn.fate != admission::fate::begins) service_.expired(it.deadline - it.arrived);
    if (late || unwanted(it, now)) {
      leave(slot, admission::ending::expired);
      all_->close_attempt(slot);
    } else if (turn.fate == admission::fate::gives_way || !service_.may_stay(criticality, it.kind)) {
      leave(slot, admission::ending::gave_way);
      next_->push(now, {happening::kind::attempt_gave_way, slot});
    } else {
      it.longest_wait = turn.longest_wait;
      start(slot, now);
    }
  }
}

bool server::unwanted(const attempt& it, time_point now) const {
  return model_->expired == server_model::overdue::dropped &&
         (it.deadline <= now || it.still == attempt::wanted::no);
}

void server::start(std::uint32_t slot, time_point now) {
  attempt& it = all_->attempt(slot);
  request& whose = all_->request_of(it);
  ++whose.executions;
  it.started = now;
  meter_.began(now - it.arrived, now);
  ++busy_;
  running_.push_back(slot);
  auto takes = from_seconds(whose.work / speed_);
  if (stumble_ > duration{0}) takes = std::exchange(stumble_, duration{0});
  next_->push(now + takes, {happening::kind::attempt_done, slot, it.generation});
}

bool server::finish(std::uint32_t slot, time_point now) {
  if (frozen_) return stuck_.push_back(slot), false;
  complete(slot, now);
  --busy_;
  const auto at = std::find(running_.begin(), running_.end(), slot);
  *at = running_.back();
  running_.pop_back();
  start_waiting(now);
  return true;
}

void server::complete(std::uint32_t slot, time_point now) {
  attempt& it = all_->attempt(slot);
  meter_.ended(now - it.started, now);
  usual_.note(all_->request_of(it).method, now - it.started);
  service_.executed(it.longest_wait, now - it.started, now);
  it.report = report(it.router, now);
  it.reports = true;
  leave(slot, admission::ending::succeeded);
}

void server::leave(std::uint32_t slot, admission::ending how) {
  attempt& it = all_->attempt(slot);
  it.counted = false;
  intake_.leave(service_, 0, how);
  --by_router_[it.router];
}

void server::share(std::uint32_t slot, time_point now) {
  attempt& it = all_->attempt(slot);
  if (unwanted(it, now)) {
    leave(slot, admission::ending::expired);
    return all_->close_attempt(slot);
  }
  advance(now);
  it.started = now;
  it.longest_wait = duration{0};
  meter_.began(duration{0}, now);
  request& whose = all_->request_of(it);
  ++whose.executions;
  double work = whose.work;
  if (stumble_ > duration{0}) work = to_seconds(std::exchange(stumble_, duration{0})) * speed_;
  ++sharing_;
  shares_.push_back({attained_ + work, slot});
  std::push_heap(shares_.begin(), shares_.end());
  schedule(now);
}

double server::rate() const {
  if (frozen_ || sharing_ == 0) return 0;
  return speed_ * std::min(1., workers() / sharing_);
}

void server::advance(time_point now) {
  if (sharing_ > 0) attained_ += rate() * to_seconds(now - advanced_);
  advanced_ = now;
}

// An event that is too early costs one more look; only one that is too late has to be replaced.
void server::schedule(time_point now) {
  while (!shares_.empty() && all_->attempt(shares_.front().attempt).still == attempt::wanted::no &&
         !all_->attempt(shares_.front().attempt).counted) {
    const auto gone = shares_.front().attempt;
    std::pop_heap(shares_.begin(), shares_.end());
    shares_.pop_back();
    all_->close_attempt(gone);
  }
  const double speed = rate();
  if (speed <= 0 || shares_.empty()) return;
  const double left = std::max(0., shares_.front().done_at - attained_);
  const auto at = now + from_seconds(left / speed) + duration{1};
  if (due_ <= at && due_ >= now) return;
  due_ = at;
  next_->push(at, {happening::kind::sharing_due, self_, ++generation_});
}

void server::collect(std::uint32_t generation, time_point now, std::vector<std::uint32_t>& done) {
  if (generation != generation_) return;
  due_ = never;
  advance(now);
  // A request within a nanosecond of its end is done: rounding of the event's time.
  constexpr double rounding = 2e-9;
  while (!shares_.empty() && sharing_ > 0 && shares_.front().done_at <= attained_ + rounding) {
    const auto slot = shares_.front().attempt;
    std::pop_heap(shares_.begin(), shares_.end());
    shares_.pop_back();
    if (!all_->attempt(slot).counted) {
      all_->close_attempt(slot);
      continue;
    }
    complete(slot, now);
    --sharing_;
    done.push_back(slot);
  }
  schedule(now);
}

void server::withdraw(std::uint32_t slot, time_point now) {
  attempt& it = all_->attempt(slot);
  if (model_->expired == server_model::overdue::served || !it.counted) return;
  if (model_->discipline == discipline::fifo) return;  // found at dequeue
  advance(now);
  leave(slot, admission::ending::expired);
  meter_.abandoned(now);
  --sharing_;
  schedule(now);
}

void server::lose_all(std::vector<std::uint32_t>& lost) {
  const auto lose = [&](std::uint32_t slot) {
    if (all_->attempt(slot).counted) {
      leave(slot, admission::ending::expired);
      lost.push_back(slot);
    } else {
      all_->close_attempt(slot);
    }
  };
  for (const auto slot : waiting_.take_all()) lose(slot);
  for (const auto slot : running_) lose(slot);
  for (const auto& each : shares_) lose(each.attempt);
  running_.clear();
  stuck_.clear();
  shares_.clear();
  busy_ = sharing_ = 0;
  due_ = never;
  ++generation_;
  begin_life();
}

void server::set_speed(double speed, double capacity, time_point now) {
  advance(now);
  speed_ = speed;
  capacity_ = capacity;
  schedule(now);
}

void server::freeze(bool frozen, time_point now, std::vector<std::uint32_t>& done) {
  advance(now);
  frozen_ = frozen;
  if (frozen) return;
  schedule(now);
  for (const auto slot : std::exchange(stuck_, {}))
    if (finish(slot, now)) done.push_back(slot);
  start_waiting(now);
}

rpc::load_report server::report(std::uint32_t router, time_point now, refusing now_refusing) const {
  return intake_.report(service_, meter_.read(now), by_router_[router], now_refusing);
}

void server::snapshot(time_point now) {
  while (past_.size() > 1 && past_[1].at <= now - report_delay_) past_.pop_front();
  past_.push_back({now, report(0, now), by_router_});
}

rpc::load_report server::past_report(std::uint32_t router, time_point now) const {
  if (past_.empty()) return report(router, now);
  auto at = past_.begin();
  while (at + 1 != past_.end() && (at + 1)->at <= now - report_delay_) ++at;
  auto load = at->load;
  load.yours = at->yours[router];
  load.age = now - at->at;
  return load;
}

}  // namespace troupe::simulator
