// libheif, opened at run time when the system has it: HEIC and AVIF are optional, at build and at run time.
// Only what is used is declared here; a test compares it with the real header where that is installed.
#pragma once

#include <cstddef>
#include <string>

namespace alexnet::image {

struct HeifError {
  int code;  // 0: fine
  int subcode;
  const char* message;
};

inline constexpr int kHeifUnsupportedFileType = 3, kHeifUnsupportedFeature = 4, kHeifOutOfMemory = 6,
                     kHeifPluginLoading = 11;
inline constexpr int kHeifRgb = 1, kHeifInterleavedRgb = 10, kHeifInterleavedRgba = 11,
                     kHeifChannelInterleaved = 10;

struct HeifLibrary {
  void* (*context_alloc)();
  void (*context_free)(void* context);
  void (*set_maximum_size)(void* context, int side);
  HeifError (*read)(void* context, const void* bytes, size_t count, const void* options);
  HeifError (*primary)(void* context, void** handle);
  void (*handle_release)(const void* handle);
  int (*handle_width)(const void* handle);
  int (*handle_height)(const void* handle);
  int (*handle_has_alpha)(const void* handle);
  HeifError (*decode)(const void* handle, void** image, int colorspace, int chroma, const void* options);
  void (*image_release)(const void* image);
  int (*image_width)(const void* image, int channel);
  int (*image_height)(const void* image, int channel);
  const unsigned char* (*image_plane)(const void* image, int channel, int* stride);
};

/// The library, or nullptr where it is absent or too old; `why` then says so.
const HeifLibrary* heif_library(std::string* why = nullptr);

}  // namespace alexnet::image
