// Whose packets get lost: measured, and believed.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/loss.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/reach.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr time_point start{};

}  // namespace

TEST_CASE("a watched peer is lossy when enough of its last pings were lost, until half of that") {
  loss_meter meter(30);
  meter.watch({7}, start);
  CHECK(meter.next() == start);
  CHECK(meter.turn(start, 500ms) == node_id{7});
  CHECK_FALSE(meter.turn(start, 500ms));
  CHECK(meter.next() == start + 500ms);
  for (int i = 0; i < 3; ++i) meter.note({7}, false, 0);
  CHECK(meter.lossy().empty());
  meter.note({7}, false, 0);
  CHECK(meter.lossy() == std::vector<node_id>{{7}});
  for (int i = 0; i < 13; ++i) meter.note({7}, true, 0);
  CHECK(meter.lossy().size() == 1);
  meter.note({7}, true, 0);  // 2 of 16
  CHECK(meter.lossy().empty());
  CHECK(meter.next() == never);

  meter.watch({8}, start);
  for (int i = 0; i < 8; ++i) meter.note({8}, i != 3, 0);
  CHECK(meter.next() == never);  // it was sound
  for (std::uint64_t node = 1; node < 100; ++node) meter.watch({node}, start);
  for (int round = 0; round < 4; ++round)
    for (std::uint64_t node = 1; node < 100; ++node) meter.note({node}, false, 0);
  CHECK(meter.lossy().size() == lossy_max);
}

TEST_CASE(
    "where half of all pings get lost a peer that loses half is nothing special, one that loses all is") {
  loss_meter meter(30);
  meter.watch({7}, start);
  for (int i = 0; i < 16; ++i) meter.note({7}, i % 2 == 0, .25);
  CHECK(meter.lossy().empty());
  CHECK(meter.next() == never);  // as sound as the others: looked at no more
  meter.watch({8}, start);
  for (int i = 0; i < 7; ++i) meter.note({8}, false, .25);
  CHECK(meter.lossy().empty());
  meter.note({8}, false, .25);  // 4 more than twice the usual
  CHECK(meter.lossy() == std::vector<node_id>{{8}});
  for (int i = 0; i < 8; ++i) meter.note({8}, true, .25);
  CHECK(meter.lossy().empty());

  reach all;
  CHECK_FALSE(all.knows_usual_loss());
  CHECK(all.loses_often());  // the worst is assumed
  for (std::uint64_t node = 1; node <= 64; ++node)
    all.note({node}, node % 4 == 0 ? answer::rescued : node % 4 == 1 ? answer::none : answer::direct, start);
  CHECK(all.usual_loss() == doctest::Approx(1. / 3).epsilon(.05));  // of the dead nothing follows
  CHECK(all.loses_often());
  for (std::uint64_t node = 1; node <= 16; ++node) all.note({node}, answer::direct, start);
  CHECK_FALSE(all.loses_often());
}
