#include "image/heif_library.h"

#include <type_traits>

#include <dlfcn.h>

namespace alexnet::image {
namespace {

struct Loaded {
  HeifLibrary library{};
  bool complete = false;
  std::string why;
};

Loaded load() {
  Loaded loaded;
  // Never closed: its threads and tables live as long as the process.
  void* handle = ::dlopen("libheif.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    loaded.why = "libheif is not installed";
    return loaded;
  }
  loaded.complete = true;
  const auto find = [&](auto& function, const char* name) {
    void* symbol = ::dlsym(handle, name);
    if (!symbol) {
      loaded.complete = false;
      loaded.why = std::string("libheif is too old: it has no ") + name;
    }
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
  };
  HeifLibrary& library = loaded.library;
  find(library.context_alloc, "heif_context_alloc");
  find(library.context_free, "heif_context_free");
  find(library.set_maximum_size, "heif_context_set_maximum_image_size_limit");
  find(library.read, "heif_context_read_from_memory_without_copy");
  find(library.primary, "heif_context_get_primary_image_handle");
  find(library.handle_release, "heif_image_handle_release");
  find(library.handle_width, "heif_image_handle_get_width");
  find(library.handle_height, "heif_image_handle_get_height");
  find(library.handle_has_alpha, "heif_image_handle_has_alpha_channel");
  find(library.decode, "heif_decode_image");
  find(library.image_release, "heif_image_release");
  find(library.image_width, "heif_image_get_width");
  find(library.image_height, "heif_image_get_height");
  find(library.image_plane, "heif_image_get_plane_readonly");
  return loaded;
}

}  // namespace

const HeifLibrary* heif_library(std::string* why) {
  static const Loaded loaded = load();
  if (why) *why = loaded.why;
  return loaded.complete ? &loaded.library : nullptr;
}

}  // namespace alexnet::image
