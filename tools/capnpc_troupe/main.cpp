// capnpc-troupe: the schema compiler's plugin that makes service bases and client stubs.
//
//   capnp compile -oc++ -o./capnpc-troupe -I idl cart.capnp
//
// writes cart.troupe.hpp and cart.troupe.cpp beside what capnpc-c++ writes (cart.capnp.h, cart.capnp.c++),
// for the interfaces that carry $Troupe.service; `-o./capnpc-troupe:DIR` and --src-prefix decide where to, as
// for every plugin. In CMake, troupe_add_idl(TARGET cart.capnp) does all of it.
//
// The compiler sends the parsed schema to standard input. A schema that cannot be served is refused with a
// line for each problem on standard error, exit code 1, and nothing written.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <capnp/serialize.h>
#include <kj/exception.h>
#include <unistd.h>

#include "emit.hpp"
#include "model.hpp"

namespace {

namespace capnpc = troupe::capnpc;

bool write_file(const std::string& path, const std::string& text) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code failure;
  if (!folder.empty()) std::filesystem::create_directories(folder, failure);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) std::fprintf(stderr, "capnpc-troupe: cannot write %s\n", path.c_str());
  return static_cast<bool>(out);
}

int generate(int input) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 1ULL << 30;  // of our own compiler: large schemas are welcome
  capnp::StreamFdMessageReader message(input, options);
  const auto model = capnpc::read_model(message.getRoot<capnp::schema::CodeGeneratorRequest>());
  for (const auto& problem : model.problems) std::fprintf(stderr, "%s\n", problem.c_str());
  if (!model.problems.empty()) return 1;
  for (const auto& file : model.files)
    if (!write_file(capnpc::header_path(file), capnpc::emit_header(file)) ||
        !write_file(capnpc::source_path(file), capnpc::emit_source(file)))
      return 1;
  return 0;
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1 || isatty(STDIN_FILENO) == 1) {
    std::fputs(
        "capnpc-troupe is a plugin of Cap'n Proto's schema compiler, which calls it:\n"
        "  capnp compile -oc++ -o/path/to/capnpc-troupe -I /path/to/troupe/idl cart.capnp\n",
        stderr);
    return 1;
  }
  try {
    return generate(STDIN_FILENO);
  } catch (const kj::Exception& failure) {
    std::fprintf(stderr, "capnpc-troupe: standard input is not a schema compiler's request: %s\n",
                 failure.getDescription().cStr());
    return 1;
  }
}
