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

/// A call, a repeat and a call with a key, `times` after each other; how often memory was asked for.
std::size_t allocations_of(bench& it, int times) {
  const std::size_t before = allocations;
  const rpc::load_report load = report(2, 1, 1ms);
  const auto one_call = [&](const request& what) {
    const auto picked = it.replicas.pick(*it.by, what, it.random, it.now);
    if (!picked) return;
    const time_point started = it.now;
    it.replicas.began(*picked, it.now);
    if (const auto whom = it.replicas.probe_due(it.random, it.now))
      it.replicas.probed(*whom, it.replicas.life_of(*whom), load, it.now);
    it.now += 300us;
    it.end(*picked, started, outcome::success, &load);
  };
  const replica_index tried[] = {0, 1};
  request again;
  again.tried = tried;
  for (int i = 0; i < times; ++i)
    for (const auto& each : {request{}, again, keyed(77)}) one_call(each);
  return allocations - before;
}

}  // namespace

TEST_CASE("after the first of a method, picks and answers allocate nothing") {
  for (const std::uint32_t count : {10u, 1000u}) {
    CAPTURE(count);
    bench it(count);
    it.warm();
    allocations_of(it, 1);
    REQUIRE(allocations > 0);  // else nobody counts
    CHECK(allocations_of(it, 3000) == 0);
  }
}

TEST_CASE("no policy allocates any more once it has come upon each of its cases") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(10, kind);
    it.warm();
    allocations_of(it, 1000);
    CHECK(allocations_of(it, 3000) == 0);
  }
}
