// One replica of one shard: indexes its part of the corpus at start, then answers queries on it.
//
//   search_shard --join 127.0.0.1:7000 --shard 0 --of 3 [--corpus FOLDER]... [--journal FOLDER]
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <troupe/troupe.hpp>

#include "click_ledger.hpp"
#include "corpus.hpp"
#include "index.hpp"
#include "statistics_message.hpp"

namespace {

struct shard_arguments {
  search::shard_choice part;
  std::vector<std::string> corpus;
  std::string journal;  // the folder

  /// Errors are exceptions, naming the option.
  void check() const {
    if (part.number >= part.of)
      throw std::runtime_error("--shard: with --of " + std::to_string(part.of) + " it is 0 to " +
                               std::to_string(part.of - 1));
    if (!journal.empty() && !std::filesystem::is_directory(journal))
      throw std::runtime_error("--journal: there is no folder " + journal);
  }
  std::vector<std::filesystem::path> folders() const {
    return corpus.empty() ? search::default_folders()
                          : std::vector<std::filesystem::path>(corpus.begin(), corpus.end());
  }
  std::string journal_file() const {
    return journal.empty() ? journal : journal + "/clicks-" + std::to_string(part.number);
  }
};

class shard final : public search::ShardService {
 public:
  shard(std::shared_ptr<const search::index> index, std::string journal)
      : index_(std::move(index)), clicks_(std::move(journal)) {}

  troupe::task<> query(troupe::context& ctx, QueryParams::Reader params,
                       QueryResults::Builder results) override {
    const auto limit = params.getLimit();
    if (limit < 1 || limit > 100)
      co_return ctx.fail(troupe::code::invalid_argument, "limit is 1 to 100, not " + std::to_string(limit));
    const auto words = search::words_of(params.getText().cStr());
    const auto corpus =
        params.hasCorpus() ? search::read_statistics(params.getCorpus()) : index_->statistics_for(words);
    const auto found = index_->query(words, limit, corpus);
    results.setMatched(found.matched);
    auto hits = results.initHits(static_cast<capnp::uint>(found.best.size()));
    for (capnp::uint i = 0; i < hits.size(); ++i) {
      const auto [document, score] = found.best[i];
      hits[i].setPath(index_->documents()[document].path);
      hits[i].setScore(score);
      hits[i].setSnippet(index_->snippet(document, words, corpus));
      hits[i].setFingerprint(index_->fingerprint(document));
    }
  }

  troupe::task<> statistics(troupe::context&, StatisticsParams::Reader params,
                            StatisticsResults::Builder results) override {
    search::write_statistics(index_->statistics_for(search::words_of(params.getText().cStr())),
                             results.initStatistics());
    co_return;
  }

  troupe::task<> recordClick(troupe::context& ctx, RecordClickParams::Reader params,
                             RecordClickResults::Builder results) override {
    const std::string click = params.getClick().size() > 0 ? params.getClick().cStr() : ctx.call_id();
    results.setClicks(clicks_.record(click, params.getPath().cStr()));
    co_return;
  }

  troupe::task<> clickReport(troupe::context&, ClickReportParams::Reader,
                             ClickReportResults::Builder results) override {
    const auto told = clicks_.report();
    results.setClicks(told.clicks);
    results.setExecutedTwice(told.executed_twice);
    co_return;
  }

 private:
  std::shared_ptr<const search::index> index_;
  search::click_ledger clicks_;
};

}  // namespace

int main(int argc, char** argv) {
  shard_arguments said;
  troupe::program_options own(
      "One replica of one shard: indexes its part of the corpus, answers queries on it.");
  own.need("shard", said.part.number, troupe::between(0, 999), "Which shard this is.")
      .need("of", said.part.of, troupe::between(1, 1000), "How many shards there are.")
      .add("corpus", said.corpus, "Folders of texts; without any, the system's documentation.")
      .add("journal", said.journal, "A folder for files of clicks, which survive this process.");
  return troupe::run(argc, argv, own, [&](troupe::node& node) {
    said.check();
    // Built here and not by the actor: an actor that is started again needs no second look at the disk.
    const auto index = std::make_shared<const search::index>(search::read_corpus(said.folders(), said.part));
    std::printf("shard %u of %u: %zu documents\n", said.part.number, said.part.of, index->documents().size());
    std::fflush(stdout);
    node.host<shard>({.as = "search.Shard." + std::to_string(said.part.number)}, index, said.journal_file());
  });
}
