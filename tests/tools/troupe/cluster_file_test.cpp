// What a cluster file may say, and what is said of one that may not.
#include "local_cluster/cluster_file.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "scratch_folder.hpp"

using troupe::local::read_cluster_file;

TEST_CASE("a cluster file gives its groups in their order, with programs found beside it") {
  const scratch_folder here;
  const auto cart = here.write_program("shop_cart", "");
  here.write("cluster.toml", R"([cluster]
name = "shop"
[[node]]
name = "cart"
run = "shop_cart"
replicas = 3
arguments = ["--zone", "{n}"]
[[node]]
name = "web"
run = "/bin/sh"
)");
  for (const auto& path : {here.path(), here.path() / "cluster.toml"}) {
    const auto read = read_cluster_file(path);
    REQUIRE(read);
    CHECK(read->name == "shop");
    REQUIRE(read->groups.size() == 2);
    CHECK(read->groups[0].name == "cart");
    CHECK(read->groups[0].program == cart);
    CHECK(read->groups[0].replicas == 3);
    CHECK(read->groups[0].arguments == std::vector<std::string>{"--zone", "{n}"});
    CHECK(read->groups[1].program == "/bin/sh");
    CHECK(read->groups[1].replicas == 1);
    CHECK(read->groups[1].arguments.empty());
  }
}

TEST_CASE("what a cluster file says of services goes to every node as an option") {
  const scratch_folder here;
  here.write("cluster.toml", R"([service."shop.Cart"]
policy = "consistent_hash"
weights = { load = 0.8, cost = 2 }
[service."shop.Payment"]
policy = "random"
[[node]]
name = 'a'
run = '/bin/sh'
)");
  const auto read = read_cluster_file(here.path());
  REQUIRE_MESSAGE(read, read.error().text);
  CHECK(read->services == std::vector<std::string>{"shop.Cart:policy=consistent_hash,cost=2,load=0.8",
                                                   "shop.Payment:policy=random"});
}

TEST_CASE("a cluster is sealed where its file says so") {
  const scratch_folder here;
  const auto read = [&](const std::string& cluster) {
    here.write("cluster.toml",
               "[cluster]\nname = 'c'\n" + cluster + "[[node]]\nname = 'a'\nrun = '/bin/sh'\n");
    return read_cluster_file(here.path());
  };
  CHECK_FALSE(read("")->sealed);
  CHECK_FALSE(read("sealed = false\n")->sealed);
  CHECK(read("sealed = true\n")->sealed);
  CHECK(read("sealed = 'yes'\n").error().text.find("line 3, column 10: sealed is true or false") !=
        std::string::npos);
}

TEST_CASE("a program is looked for beside the running one, and on the PATH") {
  const scratch_folder here;
  here.write("cluster.toml",
             "[[node]]\nname = 'a'\nrun = 'troupe_test_tools'\n[[node]]\nname = 'b'\nrun = 'sh'\n");
  const auto read = read_cluster_file(here.path());
  REQUIRE(read);
  CHECK(read->groups[0].program == std::filesystem::read_symlink("/proc/self/exe"));
  CHECK(read->groups[1].program.filename() == "sh");
}

TEST_CASE("a cluster without a name has its folder's") {
  const scratch_folder here;
  here.write("cluster.toml", "[[node]]\nname = 'a'\nrun = '/bin/sh'\n");
  const auto read = read_cluster_file(here.path());
  REQUIRE(read);
  CHECK(read->name == here.path().filename());
}

TEST_CASE("an error names the file, the line, and what to write") {
  struct bad_file {
    std::string text;
    std::string where;
    std::string what;
  };
  const std::vector<bad_file> files = {
      {"[cluster", "line 1", "table header"},
      {"name = 'shop'\n", "line 1, column 1", "'name' means nothing here; there are cluster, service, node"},
      {"[service.'a']\npolicy = 'best'\n", "line 2, column 10",
       "\"best\" is no balancing policy. There are: "},
      {"[service.'a']\nweights = { cost = 99 }\n", "line 2, column 11", "balance.weight.barred"},
      {"[cluster]\nname = 'shop'\n", ": ", "there is no [[node]]"},
      {"cluster = 'shop'\n", "line 1", "write [cluster]"},
      {"[cluster]\nname = 'a shop'\n", "line 2", "a cluster's name is a text of 1 to 56 of"},
      {"[cluster]\nname = 5\n", "line 2", "a cluster's name is a text"},
      {"[cluster]\nnome = 'shop'\n", "line 2", "'nome' means nothing here; there are name"},
      {"[node]\nname = 'a'\n", "line 1", "write one for each program"},
      {"node = [1]\n", "line 1", "write [[node]]"},
      {"[[node]]\nrun = '/bin/sh'\n", "line 1", "this [[node]] has no name"},
      {"[[node]]\nname = ''\nrun = '/bin/sh'\n", "line 2", "a node's name is a text"},
      {"[[node]]\nname = 'a'\n", "line 1", "node 'a' has no program: write run"},
      {"[[node]]\nname = 'a'\nrun = 3\n", "line 3", "run is a text, the program of node 'a'"},
      {"[[node]]\nname = 'a'\nrun = 'no_such_thing'\n", "line 3", "there is no program 'no_such_thing' in "},
      {"[[node]]\nname = 'a'\nrun = '/no/thing'\n", "line 3", "there is no program /no/thing: build it"},
      {"[[node]]\nname = 'a'\nrun = '/bin/sh'\nreplicas = 0\n", "line 4",
       "replicas is a whole number from 1"},
      {"[[node]]\nname = 'a'\nrun = '/bin/sh'\nreplicas = 1.5\n", "line 4", "replicas is a whole number"},
      {"[[node]]\nname = 'a'\nrun = '/bin/sh'\nreplicas = 1001\n", "line 4", "to 1000"},
      {"[[node]]\nname = 'a'\nrun = '/bin/sh'\narguments = 'x'\n", "line 4", "arguments is a list of texts"},
      {"[[node]]\nname = 'a'\nrun = '/bin/sh'\narguments = ['x', 1]\n", "line 4", "a list of texts"},
      {"[[node]]\nname = 'a'\nrun = '/bin/sh'\nzone = 'b'\n", "line 4",
       "'zone' means nothing here; there are name, run, replicas, arguments"},
      {"[[node]]\nname = 'a'\nrun = '/bin/sh'\n[[node]]\nname = 'a'\nrun = '/bin/sh'\n", "line 4",
       "there are two nodes 'a'"},
  };
  const scratch_folder here;
  for (const auto& bad : files) {
    CAPTURE(bad.text);
    const auto file = here.write("cluster.toml", bad.text);
    const auto read = read_cluster_file(file);
    REQUIRE_FALSE(read);
    const auto& said = read.error().text;
    CAPTURE(said);
    CHECK(said.find(file.string()) == 0);
    CHECK(said.find(bad.where) != std::string::npos);
    CHECK(said.find(bad.what) != std::string::npos);
  }
}

TEST_CASE("a file that is not there is not found, by its name") {
  const scratch_folder here;
  const auto read = read_cluster_file(here.path());
  REQUIRE_FALSE(read);
  CHECK(read.error().code == troupe::code::not_found);
  CHECK(read.error().text.find((here.path() / "cluster.toml").string()) != std::string::npos);
}
