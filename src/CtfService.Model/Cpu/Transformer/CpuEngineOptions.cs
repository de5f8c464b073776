using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>Settings of a CPU engine.</summary>
/// <param name="Capacity">The number of slots of a decode engine, or of images in one pass of a fine engine.</param>
/// <param name="Format">The storage format of the weights.</param>
/// <param name="Width">The vector width; null for the widest that the machine supports.</param>
/// <param name="Profiler">Measures the parts of every step; null for no measurement.</param>
internal sealed record CpuEngineOptions(int Capacity, WeightFormat Format = WeightFormat.Float32, VectorWidth? Width = null, StepProfiler? Profiler = null);
