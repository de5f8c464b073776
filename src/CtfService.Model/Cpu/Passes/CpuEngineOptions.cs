using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;

namespace CtfService.Model.Cpu.Passes;

/// <summary>How an engine computes.</summary>
/// <param name="Capacity">Slots of a decode engine, images of one pass of a fine engine.</param>
/// <param name="Format">How weights are stored.</param>
/// <param name="Width">Vectors to use; the widest of the machine where null.</param>
/// <param name="Profiler">Takes the time of every part of a step; none where null.</param>
internal sealed record CpuEngineOptions(int Capacity, WeightFormat Format = WeightFormat.Float32, VectorWidth? Width = null, StepProfiler? Profiler = null);
