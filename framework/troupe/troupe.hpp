// Troupe's public interface, whole: what an application includes.
//
//   #include <troupe/troupe.hpp>
//
// What is named here, and what capnpc-troupe generates, is public: it is documented, and from 1.0 on it
// changes with a major version only. Every other header of the framework is internal, may change with any
// release, and lies beside these only because templates and inline functions need it.
// framework/docs/glossary.md has the words.
#pragma once

// Values: results and errors, durations, identities and addresses, hashes of keys.
#include <troupe/base/endpoint.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/option_list.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

// Calls: stubs, what a call failed of, several at once.
#include <troupe/calling/call_error.hpp>
#include <troupe/service/affinity.hpp>
#include <troupe/service/client.hpp>
#include <troupe/service/when_all.hpp>

// Services: tasks, the context of a request, how a service is hosted.
#include <troupe/service/application_error.hpp>
#include <troupe/service/context.hpp>
#include <troupe/service/service.hpp>
#include <troupe/service/task.hpp>
#include <troupe/serving/hosting.hpp>

// Interfaces that are known at run time only: their shape, calls, JSON.
#include <troupe/reflection/caller.hpp>
#include <troupe/reflection/interface_view.hpp>
#include <troupe/reflection/json.hpp>

// Choosing replicas: policies of one's own, and why one was chosen.
#include <troupe/balance/explanation.hpp>
#include <troupe/balance/policy.hpp>

// The node.
#include <troupe/node/node.hpp>
#include <troupe/node/options.hpp>
#include <troupe/node/program_options.hpp>
