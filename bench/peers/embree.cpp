// The case of bench/lib/traceCase.mjs in Intel Embree (3 or 4): embree MESH RAYS THREADS RUNS, where RAYS is "primary",
// "primary+shadow" or a file of rays (bench/lib/rayKinds.mjs). Prints a line of JSON: milliseconds of each run, of the build, and the number of hits and shadows.
#if __has_include(<embree4/rtcore.h>)
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kWidth = 256;
constexpr uint32_t kSamples = 8;
constexpr uint32_t kTile = 8;
constexpr size_t kPart = 512;

double milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

uint32_t pcg(uint32_t v) {
  const uint32_t state = v * 747796405u + 2891336453u;
  const uint32_t word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

struct Vector {
  float x, y, z;
};

RTCRay makeRay(Vector origin, Vector direction) {
  RTCRay ray{};
  ray.org_x = origin.x, ray.org_y = origin.y, ray.org_z = origin.z;
  ray.dir_x = direction.x, ray.dir_y = direction.y, ray.dir_z = direction.z;
  ray.tnear = 1e-4f, ray.tfar = 1e30f;
  ray.mask = ~0u;
  return ray;
}

bool closestHit(RTCScene scene, RTCRayHit& hit) {
  hit.hit.geomID = RTC_INVALID_GEOMETRY_ID;
  hit.hit.instID[0] = RTC_INVALID_GEOMETRY_ID;
#if RTC_VERSION_MAJOR >= 4
  rtcIntersect1(scene, &hit);
#else
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcIntersect1(scene, &context, &hit);
#endif
  return hit.hit.geomID != RTC_INVALID_GEOMETRY_ID;
}

bool occluded(RTCScene scene, RTCRay ray) {
#if RTC_VERSION_MAJOR >= 4
  rtcOccluded1(scene, &ray);
#else
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcOccluded1(scene, &context, &ray);
#endif
  return ray.tfar < 0;
}

struct Counts {
  uint64_t hits = 0, shadows = 0;
};

void traceSample(RTCScene scene, uint32_t x, uint32_t y, uint32_t s, bool shadows, Counts& counts) {
  const uint32_t sample = (y * kWidth + x) * kSamples + s;
  const uint32_t random = pcg(sample);
  const float dx = (x + (random & 65535u) / 65536.f) / kWidth - 0.5f;
  const float dy = 0.5f - (y + (random >> 16u) / 65536.f) / kWidth;
  const float scale = 1 / std::sqrt(dx * dx + dy * dy + 1.6f * 1.6f);
  const Vector direction{dx * scale, dy * scale, -1.6f * scale};
  RTCRayHit hit;
  hit.ray = makeRay({0, 0, 60}, direction);
  if (!closestHit(scene, hit)) return;
  counts.hits++;
  if (!shadows) return;
  const float t = hit.ray.tfar - 0.01f;
  const uint32_t second = pcg(random + 1u);
  const float z = (second & 65535u) / 32768.f - 1;
  const float phi = (second >> 16u) / 65536.f * 6.2831853f;
  const float side = std::sqrt(std::fmax(0.f, 1 - z * z));
  const Vector from{direction.x * t, direction.y * t, 60 + direction.z * t};
  counts.shadows += occluded(scene, makeRay(from, {side * std::cos(phi), side * std::sin(phi), std::fabs(z)}));
}

/** Calls work(part, counts) for all parts on some threads, and adds up what they count. */
template <typename Work>
Counts inParts(uint32_t parts, unsigned threads, Work work) {
  std::vector<Counts> counts(threads);
  std::vector<std::thread> workers;
  for (unsigned thread = 0; thread < threads; thread++) {
    workers.emplace_back([&, thread] {
      Counts own;
      for (uint32_t part = thread; part < parts; part += threads) work(part, own);
      counts[thread] = own;
    });
  }
  Counts sum;
  for (unsigned thread = 0; thread < threads; thread++) {
    workers[thread].join();
    sum.hits += counts[thread].hits, sum.shadows += counts[thread].shadows;
  }
  return sum;
}

Counts traceImage(RTCScene scene, bool shadows, unsigned threads) {
  const uint32_t tiles = kWidth / kTile;
  return inParts(tiles * tiles, threads, [&](uint32_t tile, Counts& counts) {
    for (uint32_t k = 0; k < kTile * kTile * kSamples; k++) {
      const uint32_t pixel = k / kSamples;
      const uint32_t x = tile % tiles * kTile + pixel % kTile;
      const uint32_t y = tile / tiles * kTile + pixel / kTile;
      traceSample(scene, x, y, k % kSamples, shadows, counts);
    }
  });
}

/** A ray of a file. */
struct GivenRay {
  Vector origin;
  float tMin;
  Vector direction;
  float tMax;
};

struct GivenRays {
  bool any = false;
  std::vector<GivenRay> rays;
};

Counts traceRays(RTCScene scene, const GivenRays& given, unsigned threads) {
  const uint32_t parts = (given.rays.size() + kPart - 1) / kPart;
  return inParts(parts, threads, [&](uint32_t part, Counts& counts) {
    const size_t end = std::min<size_t>(given.rays.size(), (part + 1) * kPart);
    for (size_t i = part * kPart; i < end; i++) {
      RTCRayHit hit;
      hit.ray = makeRay(given.rays[i].origin, given.rays[i].direction);
      hit.ray.tnear = given.rays[i].tMin, hit.ray.tfar = given.rays[i].tMax;
      counts.hits += given.any ? occluded(scene, hit.ray) : closestHit(scene, hit);
    }
  });
}

template <typename T>
void readInto(std::ifstream& file, T* values, size_t count) {
  if (!file.read(reinterpret_cast<char*>(values), count * sizeof(T))) throw std::runtime_error("a file is too short");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "embree MESH RAYS THREADS RUNS\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  uint32_t counts[2];
  readInto(file, counts, 2);

  const RTCDevice device = rtcNewDevice(nullptr);
  const auto begin = Clock::now();
  const RTCScene scene = rtcNewScene(device);
  const RTCGeometry geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_TRIANGLE);
  const size_t row = 3 * sizeof(float);
  readInto(file,
           static_cast<float*>(
               rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3, row, counts[0])),
           3 * counts[0]);
  readInto(file,
           static_cast<uint32_t*>(
               rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3, row, counts[1])),
           3 * counts[1]);
  rtcCommitGeometry(geometry);
  rtcAttachGeometry(scene, geometry);
  rtcCommitScene(scene);
  const double build = milliseconds(begin);

  const std::string rays = argv[2];
  const bool isImage = rays == "primary" || rays == "primary+shadow";
  GivenRays given;
  if (!isImage) {
    std::ifstream rayFile(rays, std::ios::binary);
    uint32_t head[2];
    readInto(rayFile, head, 2);
    given.any = head[0] != 0;
    given.rays.resize(head[1]);
    readInto(rayFile, given.rays.data(), given.rays.size());
  }
  const unsigned threads = std::atoi(argv[3]);
  Counts found;
  std::string wall, cpu;
  for (int run = -1; run < std::atoi(argv[4]); run++) {
    const std::clock_t cpuBegin = std::clock();
    const auto start = Clock::now();
    found = isImage ? traceImage(scene, rays == "primary+shadow", threads) : traceRays(scene, given, threads);
    if (run < 0) continue;  // a warm-up
    wall += (run > 0 ? "," : "") + std::to_string(milliseconds(start));
    cpu += (run > 0 ? "," : "") + std::to_string(1e3 * (std::clock() - cpuBegin) / CLOCKS_PER_SEC);
  }
  std::cout << "{\"wall\":[" << wall << "],\"cpu\":[" << cpu << "],\"build_ms\":" << build << ",\"hits\":" << found.hits
            << ",\"shadows\":" << found.shadows << "}\n";
}
