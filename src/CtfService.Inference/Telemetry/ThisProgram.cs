using System.Reflection;

namespace CtfService.Inference.Telemetry;

/// <summary>Describes this program in telemetry.</summary>
public static class ThisProgram
{
    public static string Version { get; } =
        typeof(ThisProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";
}
