using System.CommandLine;
using CtfService.Model.Loading;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Options;

/// <summary>The options of commands that compute with libtorch, as trainings do: on which device, and in which element type they multiply.</summary>
internal sealed class ComputeOptions
{
    private const string Bfloat16 = "bfloat16";
    private const string Float32 = "float32";

    private readonly bool _usesBfloat16;

    /// <param name="what">What runs on the device, for the help.</param>
    /// <param name="usesBfloat16">Whether the type is bfloat16 unless the user chooses one; otherwise float32.</param>
    /// <param name="auto">How the type is chosen, for the help, if it is not always the same.</param>
    public ComputeOptions(string what, bool usesBfloat16, string? auto = null)
    {
        _usesBfloat16 = usesBfloat16;
        Device = PlacementOptions.Matching(
            CommandOption.WithDefault("--device", $"Device of {what}: {ModelPlacement.Devices}; auto takes CUDA if there is a device.", "auto"),
            ModelPlacement.DevicePattern,
            ModelPlacement.Devices);
        Dtype = CommandOption.Choice(
            "--dtype",
            $"Type of matrix products; weights stay in float32. auto is {auto ?? (usesBfloat16 ? Bfloat16 : Float32)}:",
            ["auto", Float32, Bfloat16],
            "auto");
    }

    public Option<string> Device { get; }

    public Option<string> Dtype { get; }

    public void AddTo(Command command)
    {
        command.Options.Add(Device);
        command.Options.Add(Dtype);
    }

    /// <summary>Returns the device. Call it only when the command runs, because looking for a device loads libtorch.</summary>
    /// <exception cref="Core.Models.DeviceUnavailableException">This machine or this build does not have the CUDA device.</exception>
    public Device DeviceOf(ParseResult arguments) => ModelPlacement.Parse(arguments.GetRequiredValue(Device), "auto").Device;

    public bool UsesBfloat16(ParseResult arguments) => RequestsBfloat16(arguments) ?? _usesBfloat16;

    /// <summary>Returns whether the user chooses bfloat16; null if the user leaves the choice to the program.</summary>
    public bool? RequestsBfloat16(ParseResult arguments) => arguments.GetRequiredValue(Dtype) switch
    {
        Bfloat16 => true,
        Float32 => false,
        _ => null,
    };

    /// <summary>Returns the type for <see cref="Model.Layers.Autocast"/>; null for float32.</summary>
    public ScalarType? ComputeType(ParseResult arguments) => UsesBfloat16(arguments) ? ScalarType.BFloat16 : null;
}
