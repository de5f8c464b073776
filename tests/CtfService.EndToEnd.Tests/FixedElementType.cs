using System.Runtime.CompilerServices;

namespace CtfService.EndToEnd.Tests;

/// <summary>
/// Every service of these tests, in this process or started by it, computes in float32: with <c>auto</c>, the speed of the machine would decide the bytes of
/// images that tests compare. Tests of the choice itself name <c>auto</c>.
/// </summary>
internal static class FixedElementType
{
    public const string Name = "float32";

    [ModuleInitializer]
    internal static void Set() => Environment.SetEnvironmentVariable("Model__Dtype", Name);
}
