// The loader's batches against the definition: which image, which sample, which label, in which order.
#include <doctest/doctest.h>

#include <numeric>
#include <optional>
#include <set>
#include <thread>

#include "train/loader.h"
#include "train/preprocessing.h"
#include "train/toy.h"

using namespace alexnet;
using train::Loader;
using train::LoaderOptions;

namespace {

struct CopiedBatch {
  std::vector<std::byte> images;
  std::vector<int32_t> labels;
  int64_t valid = 0;
  bool operator==(const CopiedBatch&) const = default;
};

/// The toy pack as a run of 24 x 24 crops reads it.
struct Source {
  PackReader pack{toy::packs().train};
  RunConfig config = toy::config();
  Preprocessing preprocessing = train::make_preprocessing(pack.statistics(), config);
  train::BatchFormat format{.inputs = {InputLayout::kNchw, InputType::kFloat32}};
  int64_t input_bytes = 3 * 24 * 24 * 4;

  CopiedBatch copy(const columns::Batch& batch, int64_t rows) const {
    const auto* bytes = static_cast<const std::byte*>(batch.images);
    return {{bytes, bytes + rows * input_bytes}, {batch.labels, batch.labels + rows}, batch.valid};
  }
  /// `count` batches from `step` on.
  std::vector<CopiedBatch> read(const LoaderOptions& options, int64_t step, int count) const {
    Loader loader(pack, preprocessing, format, options);
    loader.restart(step, config.augmentation);
    std::vector<CopiedBatch> batches;
    for (int i = 0; i < count; ++i) batches.push_back(copy(loader.next(), options.batch));
    return batches;
  }
  /// A step's batch by the definition, without the loader.
  CopiedBatch expected(const LoaderOptions& options, const AugmentationSpec& augmentation,
                       int64_t step) const {
    const int64_t per_epoch = (pack.count() + options.batch - 1) / options.batch;
    const auto epoch = static_cast<uint32_t>(step / per_epoch + 1);
    const auto order = epoch_order(options.seed, epoch, static_cast<uint32_t>(pack.count()), options.shuffle);
    CopiedBatch batch{std::vector<std::byte>(static_cast<size_t>(options.batch * input_bytes)),
                      std::vector<int32_t>(static_cast<size_t>(options.batch), -1), 0};
    for (int64_t row = 0; row < options.batch; ++row) {
      const int64_t place = step % per_epoch * options.batch + row;
      if (place >= pack.count()) break;
      const uint32_t image = order[static_cast<size_t>(place)];
      batch.labels[static_cast<size_t>(row)] = pack.label(image);
      write_input(pack.record(image),
                  training_sample(augmentation, preprocessing, options.seed, epoch, image), preprocessing,
                  format.inputs.layout, format.inputs.type, batch.images.data() + row * input_bytes);
      ++batch.valid;
    }
    return batch;
  }
};

constexpr LoaderOptions kOptions{.batch = toy::kBatch, .seed = 7};

}  // namespace

TEST_CASE("every batch is the one its step defines, and the last of an epoch is filled with empty rows") {
  const Source source;
  const auto batches = source.read(kOptions, 0, 3 * toy::kStepsPerEpoch);
  for (size_t step = 0; step < batches.size(); ++step) {
    CAPTURE(step);
    CHECK(batches[step] == source.expected(kOptions, source.config.augmentation, static_cast<int64_t>(step)));
    const bool last = step % toy::kStepsPerEpoch == toy::kStepsPerEpoch - 1;
    CHECK(batches[step].valid == (last ? 8 : 10));
    CHECK((batches[step].labels.back() == -1) == last);
  }
  CHECK_FALSE(batches[0] == batches[toy::kStepsPerEpoch]);  // another order and other crops
}

TEST_CASE("an epoch shows every image once") {
  // Images are told apart by their centre crops: no two of the toy pack's are alike.
  Source source;
  source.config.augmentation = {.crop = CropMode::kCentre, .mirror = false, .colour_noise = 0};
  const auto batches = source.read(kOptions, 0, 2 * toy::kStepsPerEpoch);
  for (size_t epoch = 0; epoch < 2; ++epoch) {
    std::set<std::string> seen;
    for (size_t i = 0; i < toy::kStepsPerEpoch; ++i) {
      const CopiedBatch& batch = batches[epoch * toy::kStepsPerEpoch + i];
      for (int64_t row = 0; row < batch.valid; ++row) {
        const auto* image = reinterpret_cast<const char*>(batch.images.data() + row * source.input_bytes);
        seen.emplace(image, static_cast<size_t>(source.input_bytes));
      }
    }
    CHECK(seen.size() == toy::kTrainImages);
  }
}

TEST_CASE("the number of loader threads changes nothing") {
  const Source source;
  const auto one = source.read(kOptions, 3, 12);
  for (const int threads : {2, 5}) {
    CAPTURE(threads);
    LoaderOptions options = kOptions;
    options.threads = threads;
    CHECK(source.read(options, 3, 12) == one);
  }
}

TEST_CASE("bfloat16 in channels-last layout is the same batches") {
  Source source;
  source.format.inputs = {InputLayout::kNhwc, InputType::kBfloat16};
  source.input_bytes = 3 * 24 * 24 * 2;
  const auto batches = source.read(kOptions, 4, 3);
  for (size_t i = 0; i < batches.size(); ++i)
    CHECK(batches[i] == source.expected(kOptions, source.config.augmentation, static_cast<int64_t>(i) + 4));
}

TEST_CASE("without shuffle every epoch is in pack order") {
  const Source source;
  LoaderOptions options = kOptions;
  options.shuffle = false;
  std::vector<int32_t> in_pack;
  for (int64_t i = 0; i < source.pack.count(); ++i) in_pack.push_back(source.pack.label(i));
  const auto batches = source.read(options, 0, 2 * toy::kStepsPerEpoch);
  for (size_t epoch = 0; epoch < 2; ++epoch) {
    std::vector<int32_t> labels;
    for (size_t i = 0; i < toy::kStepsPerEpoch; ++i) {
      const CopiedBatch& batch = batches[epoch * toy::kStepsPerEpoch + i];
      labels.insert(labels.end(), batch.labels.begin(), batch.labels.begin() + batch.valid);
    }
    CHECK(labels == in_pack);
  }
}

TEST_CASE("validation reads centre crops in pack order, every epoch alike") {
  Source source;
  LoaderOptions options = kOptions;
  options.augment = false;
  const auto batches = source.read(options, 0, 2 * toy::kStepsPerEpoch);
  const AugmentationSpec centre{.crop = CropMode::kCentre, .mirror = false, .colour_noise = 0};
  options.shuffle = false;
  for (size_t i = 0; i < batches.size(); ++i)
    CHECK(batches[i] == source.expected(options, centre, static_cast<int64_t>(i)));
  CHECK(batches[0] == batches[toy::kStepsPerEpoch]);
}

TEST_CASE("a restart gives what a fresh loader with that augmentation gives at that step") {
  const Source source;
  for (const int threads : {1, 3}) {
    LoaderOptions options = kOptions;
    options.threads = threads;
    Loader loader(source.pack, source.preprocessing, source.format, options);
    AugmentationSpec augmentation = source.config.augmentation;
    loader.restart(0, augmentation);
    int64_t step = 0;
    // Forwards, backwards, at once again, over an epoch's end; each with other colours.
    for (const int64_t target : {int64_t{0}, int64_t{7}, int64_t{2}, int64_t{2}, int64_t{4}, int64_t{11}}) {
      for (int i = 0; i < 3; ++i, ++step)
        CHECK(source.copy(loader.next(), options.batch) == source.expected(options, augmentation, step));
      augmentation.colour_noise += 0.3;
      augmentation.mirror = !augmentation.mirror;
      step = target;
      loader.restart(step, augmentation);
    }
  }
}

TEST_CASE("a batch larger than the data set is one step an epoch") {
  const Source source;
  LoaderOptions options = kOptions;
  options.batch = 64;
  Loader loader(source.pack, source.preprocessing, source.format, options);
  CHECK(loader.steps_per_epoch() == 1);
  loader.restart(0, source.config.augmentation);
  for (int64_t step = 0; step < 3; ++step) {
    const CopiedBatch batch = source.copy(loader.next(), options.batch);
    CHECK(batch.valid == toy::kTrainImages);
    CHECK(batch == source.expected(options, source.config.augmentation, step));
  }
}

TEST_CASE("a failure in a loader thread reaches next(), again and again") {
  Source source;
  source.preprocessing.mean_image.resize(5);  // write_input refuses it
  for (const int threads : {1, 4}) {
    LoaderOptions options = kOptions;
    options.threads = threads;
    Loader loader(source.pack, source.preprocessing, source.format, options);
    loader.restart(0, source.config.augmentation);
    CHECK(scratch::error_of([&] { loader.next(); }) == "INVALID_ARGUMENT");
    CHECK(scratch::error_of([&] { loader.next(); }) == "INVALID_ARGUMENT");
  }
}

TEST_CASE("a restart after a failure begins anew") {
  Source source;
  source.preprocessing.mean = MeanMode::kRgb;
  source.preprocessing.crop_size = 24;
  Loader loader(source.pack, source.preprocessing, source.format, kOptions);
  source.preprocessing.crop_size = 257;  // no thread reads it before the restart
  loader.restart(0, source.config.augmentation);
  CHECK(scratch::error_of([&] { loader.next(); }) == "INVALID_ARGUMENT");
  source.preprocessing.crop_size = 24;  // the one thread stands still after its failure
  loader.restart(2, source.config.augmentation);
  CHECK(source.copy(loader.next(), kOptions.batch) ==
        source.expected(kOptions, source.config.augmentation, 2));
}

TEST_CASE("the batch after this one can be looked at while this one is read, and is the one that comes") {
  const Source source;
  LoaderOptions options = kOptions;
  options.threads = 2;
  Loader loader(source.pack, source.preprocessing, source.format, options);
  CHECK_FALSE(loader.peek());
  std::set<uint64_t> numbers;
  for (const double noise : {0.1, 0.2}) {
    AugmentationSpec augmentation = source.config.augmentation;
    augmentation.colour_noise = noise;
    loader.restart(3, augmentation);
    for (int64_t step = 3; step < 3 + 2 * toy::kStepsPerEpoch; ++step) {
      loader.next();
      std::optional<columns::Batch> seen;
      while (!(seen = loader.peek())) std::this_thread::yield();  // a thread is making it
      CHECK(source.copy(*seen, options.batch) == source.expected(options, augmentation, step + 1));
      CHECK(seen->id != 0);
      CHECK(loader.peek()->id == seen->id);
      numbers.insert(seen->id);
    }
  }
  CHECK(numbers.size() == 4 * toy::kStepsPerEpoch);  // another number after each restart, too
}

TEST_CASE("memory that the devices prefer is used for batches, where they have any") {
  const Source source;
  std::vector<std::byte> memory;
  for (const bool preferred : {true, false}) {
    int asked = 0;
    Loader loader(source.pack, source.preprocessing, source.format, kOptions, [&](int64_t bytes) {
      ++asked;
      if (!preferred || asked > 1) return std::shared_ptr<std::byte>();
      memory.resize(static_cast<size_t>(bytes));
      return std::shared_ptr<std::byte>(memory.data(), [](std::byte*) {});
    });
    CHECK(asked == kOptions.threads + 2);
    loader.restart(0, source.config.augmentation);
    const auto batch = loader.next();
    CHECK((batch.images == memory.data()) == preferred);
    CHECK(source.copy(batch, kOptions.batch) == source.expected(kOptions, source.config.augmentation, 0));
  }
}

TEST_CASE("batches of bytes hold the crops and draws that the inputs are made of") {
  Source source;
  source.format.records = true;
  const int64_t size = source.preprocessing.crop_size;
  Loader loader(source.pack, source.preprocessing, source.format, kOptions);
  loader.restart(0, source.config.augmentation);
  for (int64_t step = 0; step < 2 * toy::kStepsPerEpoch; ++step) {
    CAPTURE(step);
    const CopiedBatch expected = source.expected(kOptions, source.config.augmentation, step);
    const columns::Batch batch = loader.next();
    CHECK(batch.valid == expected.valid);
    CHECK(std::equal(expected.labels.begin(), expected.labels.end(), batch.labels));
    REQUIRE(batch.draws != nullptr);
    CHECK(batch.side == size);
    CHECK(batch.pieces == batch.valid);
    for (int64_t row = 0; row < batch.valid; ++row) {
      const RecordDraw& draw = batch.draws[row];
      CHECK(draw.piece == row);
      // The piece, put back where it was in its record, gives the row's input.
      std::vector<uint8_t> record(static_cast<size_t>(kRecordBytes));
      const auto* piece = static_cast<const uint8_t*>(batch.images) + row * batch.piece_bytes();
      for (int64_t y = 0; y < size; ++y)
        std::copy_n(piece + y * size * 3, size * 3,
                    record.data() + ((draw.top + y) * kPackSize + draw.left) * 3);
      std::vector<std::byte> input(static_cast<size_t>(source.input_bytes));
      write_input(record.data(),
                  {draw.top, draw.left, draw.mirror != 0, {draw.colour[0], draw.colour[1], draw.colour[2]}},
                  source.preprocessing, source.format.inputs.layout, source.format.inputs.type, input.data());
      CHECK(std::equal(input.begin(), input.end(), expected.images.begin() + row * source.input_bytes));
    }
  }
}

TEST_CASE("a loader that was not started gives nothing") {
  const Source source;
  Loader loader(source.pack, source.preprocessing, source.format, kOptions);
  CHECK(scratch::error_of([&] { loader.next(); }) == "INTERNAL");
}

TEST_CASE("a loader can be destroyed whatever its threads are doing") {
  const Source source;
  LoaderOptions options = kOptions;
  options.threads = 4;
  { const Loader never_started(source.pack, source.preprocessing, source.format, options); }
  for (int batches = 0; batches < 12; ++batches) {  // filling, or full and waiting
    Loader loader(source.pack, source.preprocessing, source.format, options);
    loader.restart(batches, source.config.augmentation);
    for (int i = 0; i < batches; ++i) CHECK(loader.next().valid > 0);
  }
}
