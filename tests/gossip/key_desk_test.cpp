#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <spdlog/sinks/null_sink.h>
#include <unistd.h>

#include <troupe/actor/engine.hpp>
#include <troupe/crypto/ring_file.hpp>
#include <troupe/gossip/key_desk.hpp>

#include "crypto/keys_fixture.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

const std::string cluster = "sealed";

actor::environment environment_of(actor::engine& engine) {
  return {.engine = engine,
          .log = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>()),
          .cluster = cluster,
          .name = "n0",
          .self = {{1}, {1}},
          .connector = transport::connector(engine.loop(), {})};
}

}  // namespace

TEST_CASE("a member writes its ring to its file when it changes, an observer does not") {
  std::string folder = "/tmp/troupe-seal-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const auto file = folder + "/keys";
  const auto keys = ring_of({1});
  REQUIRE(crypto::write_ring_file(file, keys));
  for (const auto role : {gossip::role::observer, gossip::role::member}) {
    std::mutex mutex;
    std::vector<std::function<void()>> posted;
    actor::engine engine(1);
    const auto shared = environment_of(engine);
    gossip::gossip_options options;
    options.keys = keys;
    options.keyring = file;
    options.role = role;
    {
      gossip::key_desk desk(shared, options, [&](auto command) {
        const std::lock_guard lock(mutex);
        posted.push_back(std::move(command));
      });
      const auto order = [&](const std::string& text) {
        crypto::sealing from(cluster, crypto::draw_salt(), 1);
        REQUIRE(
            desk.obey(from.seal(*keys.primary(), crypto::content::order, crypto::recipient::of(shared.self),
                                0, {reinterpret_cast<const std::byte*>(text.data()), text.size()})));
      };
      order("install " + key_of(2).to_text());
      order("use " + id_of(2));  // while the first change is being written
      // Each thread posts its outcome, which starts the next.
      for (int waited = 0; role == gossip::role::member && waited < 1000; ++waited) {
        std::vector<std::function<void()>> ready;
        {
          const std::lock_guard lock(mutex);
          ready.swap(posted);
        }
        for (const auto& command : ready) command();
        if (crypto::read_ring_file(file)->primary()->id == key_of(2).id()) break;
        ::usleep(5000);
      }
      CHECK(desk.inspect().problem.empty());
    }
    CHECK(crypto::read_ring_file(file)->primary()->id ==
          key_of(role == gossip::role::member ? std::uint8_t{2} : std::uint8_t{1}).id());
  }
  std::remove(file.c_str());
  ::rmdir(folder.c_str());
}
