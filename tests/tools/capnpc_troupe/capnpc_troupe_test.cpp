// Runs the schema compiler with the plugin, as users do: what it writes is compared to the goldens beside the
// schemas in data/, what it refuses to the texts in data/refused/.
//
// TROUPE_UPDATE_GOLDEN=1 in the environment writes the goldens anew; read the difference before keeping it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

const fs::path data_dir = TEST_DATA_DIR;

bool updates_goldens() {
  const char* said = std::getenv("TROUPE_UPDATE_GOLDEN");
  return said != nullptr && std::string_view(said) == "1";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A folder of its own, gone at the end.
class scratch_folder {
 public:
  scratch_folder() {
    auto name = (fs::temp_directory_path() / "capnpc_troupe_test.XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }
  fs::path out() const { return path_ / "out"; }

  std::set<std::string> written() const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(out()))
      if (entry.is_regular_file()) names.insert(fs::relative(entry.path(), out()).string());
    return names;
  }

 private:
  fs::path path_;
};

struct outcome {
  int exit_code;
  std::string errors;  // what the plugin said, without the compiler's own last line
};

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

/// Compiles schemas (paths relative to `folder`) into the scratch folder.
outcome compile(const scratch_folder& scratch, const fs::path& folder, std::string_view schemas) {
  fs::create_directories(scratch.out());
  const auto log = scratch.path() / "errors";
  const auto command = "cd '" + folder.string() +
                       "' && capnp compile -I '" TROUPE_IDL_DIR "' -o'" CAPNPC_TROUPE_PATH "':'" +
                       scratch.out().string() + "' " + std::string(schemas) + " 2> '" + log.string() + "'";
  outcome answer;
  answer.exit_code = exit_code_of(std::system(command.c_str()));
  answer.errors = read(log);
  const auto last = answer.errors.find(CAPNPC_TROUPE_PATH ": plugin failed");
  answer.errors.resize(std::min(answer.errors.size(), last));
  return answer;
}

/// `text` is what the golden says, or becomes it.
void check_golden(const fs::path& golden, const std::string& text) {
  if (updates_goldens()) return write(golden, text);
  INFO("golden: ", golden.string(), "; TROUPE_UPDATE_GOLDEN=1 writes it anew");
  REQUIRE(fs::exists(golden));
  CHECK(text == read(golden));
}

/// The plugin's answer to cart.capnp with this text after the usual opening.
outcome compile_text(const scratch_folder& scratch, std::string_view text) {
  write(scratch.path() / "in" / "cart.capnp",
        "@0xd5b1e7a2f0c34981;\n"
        "using Troupe = import \"/troupe/annotations.capnp\";\n"
        "using Cxx = import \"/capnp/c++.capnp\";\n" +
            std::string(text));
  return compile(scratch, scratch.path() / "in", "cart.capnp");
}

}  // namespace

TEST_CASE("the generated files are those beside the schemas") {
  const scratch_folder scratch;
  const auto made = compile(scratch, data_dir, "cart.capnp everything.capnp lib/base.capnp plain.capnp");
  REQUIRE(made.errors == "");
  REQUIRE(made.exit_code == 0);
  const std::set<std::string> expected = {
      "cart.troupe.hpp",     "cart.troupe.cpp",     "everything.troupe.hpp", "everything.troupe.cpp",
      "lib/base.troupe.hpp", "lib/base.troupe.cpp", "plain.troupe.hpp",      "plain.troupe.cpp"};
  CHECK(scratch.written() == expected);
  for (const auto& name : expected) check_golden(data_dir / name, read(scratch.out() / name));
}

TEST_CASE("a schema that cannot be served is refused with a line for each problem, and nothing is written") {
  std::vector<fs::path> schemas;
  for (const auto& entry : fs::directory_iterator(data_dir / "refused"))
    if (entry.path().extension() == ".capnp") schemas.push_back(entry.path());
  REQUIRE(schemas.size() >= 11);
  for (const auto& schema : schemas) {
    CAPTURE(schema.filename().string());
    const scratch_folder scratch;
    const auto refused = compile(scratch, data_dir / "refused", schema.filename().string());
    CHECK(refused.exit_code == 1);
    CHECK(refused.errors != "");
    CHECK(scratch.written().empty());
    check_golden(fs::path(schema).replace_extension(".expected"), refused.errors);
  }
}

TEST_CASE("one refused schema keeps the others of the same run from being written") {
  const scratch_folder scratch;
  const auto refused = compile(scratch, data_dir, "cart.capnp refused/streaming.capnp");
  CHECK(refused.exit_code == 1);
  CHECK(refused.errors ==
        "refused/streaming.capnp: Feed.push: streaming is not supported; return a result, "
        "such as -> ()\n");
  CHECK(scratch.written().empty());
}

TEST_CASE("a method's annotation goes before its interface's, which goes before the default") {
  const scratch_folder scratch;
  const auto made = compile_text(scratch, R"(
interface Cart $Troupe.service("c") $Troupe.timeout("2m") $Troupe.safety(idempotent)
    $Troupe.criticality(sheddable) $Troupe.hedge(true) {
  inherits @0 ();
  differs @1 () $Troupe.timeout("250us") $Troupe.safety(unsafe) $Troupe.criticality(critical)
      $Troupe.hedge(false);
}
interface Silent $Troupe.service("s") { silent @0 (); }
)");
  REQUIRE(made.errors == "");
  const auto header = read(scratch.out() / "cart.troupe.hpp");
  CHECK(header.find("/// inherits @0, idempotent, within 2 m\n") != header.npos);
  CHECK(header.find("/// differs @1, unsafe, within 250 us\n") != header.npos);
  CHECK(header.find("/// silent @0, unsafe, within 1 s\n") != header.npos);
  const auto source = read(scratch.out() / "cart.troupe.cpp");
  CHECK(source.find(".name = \"inherits\",\n"
                    "     .traits = {.safety = ::troupe::rpc::safety::idempotent, "
                    ".hedge = ::troupe::rpc::hedging::on, "
                    ".criticality = ::troupe::rpc::criticality::sheddable, "
                    ".timeout = std::chrono::seconds(120)}}") != source.npos);
  CHECK(source.find(".name = \"differs\",\n"
                    "     .traits = {.criticality = ::troupe::rpc::criticality::critical, "
                    ".timeout = std::chrono::microseconds(250)}}") != source.npos);
  CHECK(source.find(".name = \"silent\"}") != source.npos);
}

TEST_CASE("a policy's name is checked, and those that there are are listed") {
  const scratch_folder scratch;
  const auto refused = compile_text(
      scratch, R"(interface Cart $Troupe.service("c") $Troupe.policy("fastest") { get @0 (); })");
  CHECK(refused.exit_code == 1);
  CHECK(refused.errors.starts_with(
      "cart.capnp: Cart: $Troupe.policy: \"fastest\" is no balancing policy. There "
      "are: dynamic_score, "));
}

TEST_CASE("a superclass's annotations count for its methods, not its heir's") {
  const scratch_folder scratch;
  const auto made = compile_text(scratch, R"(
interface Base $Troupe.timeout("5s") { base @0 (); }
interface Heir extends(Base) $Troupe.service("h") $Troupe.timeout("7s") $Troupe.safety(readOnly) {
  own @0 ();
}
)");
  REQUIRE(made.errors == "");
  const auto header = read(scratch.out() / "cart.troupe.hpp");
  CHECK(header.find("/// base @0, unsafe, within 5 s\n") != header.npos);
  CHECK(header.find("/// own @0, readOnly, within 7 s\n") != header.npos);
}

TEST_CASE("a service may hold an interface that is none") {
  const scratch_folder scratch;
  const auto made = compile_text(scratch, R"(
interface Cart $Troupe.service("c") {
  get @0 ();
  interface Other(T) { any @0 (what :T) -> stream; }
}
)");
  CHECK(made.errors == "");
  CHECK(made.exit_code == 0);
  const auto header = read(scratch.out() / "cart.troupe.hpp");
  CHECK(header.find("class CartService") != header.npos);
  CHECK(header.find("Other") == header.npos);
}

TEST_CASE("what is no request of the schema compiler is refused") {
  const scratch_folder scratch;
  const auto run = [&](const std::string& input) {
    const auto log = scratch.path() / "errors";
    const auto command = input + " | '" CAPNPC_TROUPE_PATH "' 2> '" + log.string() + "'";
    const auto status = exit_code_of(std::system(command.c_str()));
    return std::pair(status, read(log));
  };
  for (const std::string input :
       {"printf ''", "printf 'no schema at all, but long enough for a frame'", "head -c 4096 /dev/zero"}) {
    CAPTURE(input);
    const auto [status, errors] = run(input);
    CHECK(status == 1);
    CHECK(errors.starts_with("capnpc-troupe: standard input is not a schema compiler's request: "));
  }
}
