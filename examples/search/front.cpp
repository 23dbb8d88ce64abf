// The service that users ask: sends each query to all shards at once and merges what they find.
//
//   search_front --join 127.0.0.1:7000 --of 3
//
// Ranking needs to know how rare a word is in the whole corpus, and a shard knows its own part. So words that
// were not asked before cost one round more: the shards' statistics are summed, and kept.
#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include <troupe/troupe.hpp>

#include "corpus.hpp"
#include "index.hpp"
#include "statistics_message.hpp"

namespace {

using shard_client = troupe::client<search::Shard>;
using search::Shard;

// Half of Front's own timeout, less what merging takes: so a shard that does not answer leaves the time to
// ask the others for both rounds, and to say that the answer is partial.
constexpr auto shard_limit = std::chrono::milliseconds(450);
constexpr std::size_t words_kept_max = 50'000;

class front final : public search::FrontService {
 public:
  explicit front(std::vector<shard_client> shards) : shards_(std::move(shards)) {}

  troupe::task<> query(troupe::context& ctx, QueryParams::Reader params,
                       QueryResults::Builder results) override {
    const auto words = search::words_of(params.getText().cStr());
    if (words.empty()) co_return ctx.fail(troupe::code::invalid_argument, "there is no word in the query");
    const auto corpus = co_await statistics_of(ctx, params.getText(), words);
    std::vector<troupe::call<Shard::QueryResults>> asked;
    for (const auto& shard : shards_)
      asked.push_back(shard
                          .query(ctx,
                                 [&](Shard::QueryParams::Builder to) {
                                   to.setText(params.getText());
                                   to.setLimit(params.getLimit());
                                   // Without any, a shard ranks by its own.
                                   if (corpus.documents > 0)
                                     search::write_statistics(corpus, to.initCorpus());
                                 })
                          .within(shard_limit));
    const auto answers = co_await troupe::when_all(std::move(asked));
    const auto answered =
        std::count_if(answers.begin(), answers.end(), [](const auto& each) { return bool(each); });
    if (answered == 0) co_return ctx.fail(answers.front().error());
    results.setShards(static_cast<std::uint16_t>(shards_.size()));
    results.setAnswered(static_cast<std::uint16_t>(answered));
    results.setPartial(static_cast<std::size_t>(answered) < shards_.size());
    write_best(answers, params.getLimit(), results);
  }

  troupe::task<> recordClick(troupe::context& ctx, RecordClickParams::Reader params,
                             RecordClickResults::Builder results) override {
    const auto path = params.getPath();
    const auto& shard =
        shards_[search::shard_of({path.begin(), path.size()}, static_cast<unsigned>(shards_.size()))];
    // The user's own call names the click: also a second execution of this handler would show.
    const auto counted = co_await shard.recordClick(ctx, path.cStr(), ctx.call_id());
    if (!counted) co_return ctx.fail(counted.error());
    results.setClicks(counted->getClicks());
  }

  troupe::task<> clickReport(troupe::context& ctx, ClickReportParams::Reader,
                             ClickReportResults::Builder results) override {
    std::vector<troupe::call<Shard::ClickReportResults>> asked;
    for (const auto& shard : shards_) asked.push_back(shard.clickReport(ctx));
    std::uint64_t clicks = 0;
    std::uint64_t twice = 0;
    for (const auto& told : co_await troupe::when_all(std::move(asked))) {
      if (!told) co_return ctx.fail(told.error());
      clicks += told->getClicks();
      twice += told->getExecutedTwice();
    }
    results.setClicks(clicks);
    results.setExecutedTwice(twice);
  }

 private:
  /// Of the whole corpus, for these words; of the shards that answer, where not all do.
  troupe::task<search::statistics> statistics_of(troupe::context& ctx, capnp::Text::Reader text,
                                                 const std::vector<std::string>& words) {
    const auto kept = std::all_of(words.begin(), words.end(),
                                  [this](const auto& word) { return known_.holders.contains(word); });
    if (kept) co_return selection(known_, words);
    std::vector<troupe::call<Shard::StatisticsResults>> asked;
    for (const auto& shard : shards_) asked.push_back(shard.statistics(ctx, text.cStr()).within(shard_limit));
    search::statistics sum;
    bool complete = true;
    for (const auto& told : co_await troupe::when_all(std::move(asked))) {
      if (told)
        sum.add(search::read_statistics(told->getStatistics()));
      else
        complete = false;
    }
    if (complete) keep(sum);
    co_return sum;
  }

  static search::statistics selection(const search::statistics& from, const std::vector<std::string>& words) {
    search::statistics chosen{from.documents, from.words, {}};
    for (const auto& word : words) chosen.holders[word] = from.holders.at(word);
    return chosen;
  }

  void keep(const search::statistics& sum) {
    if (known_.holders.size() >= words_kept_max) known_.holders.clear();
    known_.documents = sum.documents;
    known_.words = sum.words;
    for (const auto& [word, documents] : sum.holders) known_.holders[word] = documents;
  }

  /// Copies of one text, in several packages say, are one hit.
  static void write_best(const std::vector<troupe::response<Shard::QueryResults>>& answers, std::size_t limit,
                         QueryResults::Builder results) {
    std::uint32_t matched = 0;
    std::vector<search::Hit::Reader> best;
    for (const auto& answer : answers) {
      if (!answer) continue;
      matched += answer->getMatched();
      for (const auto hit : answer->getHits()) best.push_back(hit);
    }
    std::stable_sort(best.begin(), best.end(),
                     [](const auto& one, const auto& other) { return one.getScore() > other.getScore(); });
    std::unordered_set<std::uint64_t> shown;
    std::erase_if(best, [&](const auto& hit) { return !shown.insert(hit.getFingerprint()).second; });
    if (best.size() > limit) best.resize(limit);
    results.setMatched(matched);
    auto hits = results.initHits(static_cast<capnp::uint>(best.size()));
    for (capnp::uint i = 0; i < hits.size(); ++i) hits.setWithCaveats(i, best[i]);
  }

  std::vector<shard_client> shards_;
  search::statistics known_;  // for the words that were asked so far
};

}  // namespace

int main(int argc, char** argv) {
  unsigned shards_of = 0;
  troupe::program_options own("The service that users ask: sends each query to all shards at once.");
  own.need("of", shards_of, troupe::between(1, 1000), "How many shards there are.");
  return troupe::run(argc, argv, own, [&](troupe::node& node) {
    std::vector<shard_client> shards;
    for (unsigned i = 0; i < shards_of; ++i)
      shards.push_back(node.client<search::Shard>("search.Shard." + std::to_string(i)));
    node.host<front>({.runs_on = troupe::placement::event_loop}, shards);
  });
}
