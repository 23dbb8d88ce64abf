// A pick allocates nothing, nor does what follows of it: counted in this program's own operator new.
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const got = std::malloc(size > 0 ? size : 1)) return got;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size > 0 ? size : 1);
}
void operator delete(void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }

namespace {

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

}  // namespace

TEST_CASE("after the first of a method, picks and answers allocate nothing") {
  for (const std::uint32_t count : {10u, 1000u}) {
    CAPTURE(count);
    bench it(count);
    const rpc::load_report load = report(2, 1, 1ms);
    it.warm();
    const auto one_call = [&](request what) {
      const auto picked = it.replicas.pick(*it.by, what, it.random, it.now);
      if (!picked) return;
      const time_point started = it.now;
      it.replicas.began(*picked, it.now);
      if (const auto whom = it.replicas.probe_due(it.random, it.now))
        it.replicas.probed(*whom, it.replicas.life_of(*whom), load, it.now);
      it.now += 300us;
      it.end(*picked, started, outcome::success, &load);
    };
    const replica_index before[] = {0, 1};
    request again;
    again.tried = before;
    request keyed;
    keyed.key = 77;
    for (const auto& each : {request{}, again, keyed}) one_call(each);
    const std::size_t counted = allocations;
    REQUIRE(counted > 0);  // else nobody counts
    for (int i = 0; i < 3000; ++i)
      for (const auto& each : {request{}, again, keyed}) one_call(each);
    const std::size_t more = allocations - counted;
    CHECK(more == 0);
  }
}
