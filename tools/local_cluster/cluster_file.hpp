// What a cluster file says: which programs, how many of each.
//
//   [cluster]
//   name = "shop"                    # default: the folder's name
//   sealed = true                    # gossip under a key that `up` makes; default false
//
//   [balance]                        # options of a room, for every node: see framework/docs/options.md
//   tie = 0.05
//
//   [service."shop.Cart"]            # of one service, for every node
//   policy = "consistent_hash"
//   weights = { load = 0.8 }
//
//   [[node]]                         # one or more
//   name = "cart"                    # replicas are cart-1, cart-2, ...
//   run = "shop_cart"                # beside this file, beside the running program, or on the PATH
//   replicas = 3                     # default 1
//   arguments = ["--zone", "a"]      # {n} becomes the replica's number, {replicas} their count
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <troupe/base/result.hpp>

namespace troupe::local {

/// Replicas of one program.
struct node_group {
  std::string name;                    // 1 to 56 of A-Z a-z 0-9 . _ -
  std::filesystem::path program;       // absolute
  unsigned replicas = 1;               // 1 to 1,000
  std::vector<std::string> arguments;  // the options that all nodes get first, then its own
};

struct cluster_file {
  std::string name;
  std::vector<node_group> groups;
  std::vector<std::string> services;  // how each is chosen, as nodes take it after --service
  bool sealed = false;                // gossip is, under a key that is made when the cluster is started
};

/// `path` is the file, or a folder with a cluster.toml. Programs are looked up: an absolute path, else beside
/// the file, else beside the running executable, else on the PATH. Errors: not_found for a file or a program
/// that is not there, invalid_argument for everything else, naming file, line, and what to write.
result<cluster_file> read_cluster_file(const std::filesystem::path& path);

}  // namespace troupe::local
