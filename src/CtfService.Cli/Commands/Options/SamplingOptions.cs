using System.CommandLine;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>Sampling options of both stages, named like the fields of the API. An omitted option has the bundle's default.</summary>
internal sealed class SamplingOptions
{
    private readonly StageOptions _coarse = new("--", "coarse", "labels");
    private readonly StageOptions _fine = new("--fine-", "fine", "tokens of the cluster");

    /// <summary>All options, to add to a command.</summary>
    public IReadOnlyList<Option> All => [.. _coarse.All, .. _fine.All];

    /// <summary>Returns the settings of the coarse stage.</summary>
    public SamplingSettings Coarse(ParseResult arguments, SamplingSettings defaults) => _coarse.Read(arguments, defaults);

    /// <summary>Returns the settings of the fine stage.</summary>
    public SamplingSettings Fine(ParseResult arguments, SamplingSettings defaults) => _fine.Read(arguments, defaults);

    private sealed class StageOptions(string prefix, string stage, string choices)
    {
        private const string Default = "the bundle's default if omitted.";

        private readonly Option<float?> _guidance = CommandOption.OptionalNumber(
            $"{prefix}guidance-scale", $"Guidance scale of the {stage} stage, 1 for none; {Default}", SamplingSettings.GuidanceScaleRange);

        private readonly Option<float?> _temperature = CommandOption.OptionalNumber(
            $"{prefix}temperature", $"Temperature of the {stage} stage; {Default}", SamplingSettings.TemperatureRange);

        private readonly Option<int?> _topK = CommandOption.OptionalNumber(
            $"{prefix}top-k", $"Sample from this many of the most likely {choices}, 0 for all; {Default}", SamplingSettings.TopKRange);

        private readonly Option<float?> _topP = CommandOption.OptionalNumber(
            $"{prefix}top-p", $"Sample from the most likely {choices} with this total probability, 1 for all; {Default}", SamplingSettings.TopPRange);

        public IReadOnlyList<Option> All => [_guidance, _temperature, _topK, _topP];

        public SamplingSettings Read(ParseResult arguments, SamplingSettings defaults) => defaults with
        {
            GuidanceScale = arguments.GetValue(_guidance) ?? defaults.GuidanceScale,
            Temperature = arguments.GetValue(_temperature) ?? defaults.Temperature,
            TopK = arguments.GetValue(_topK) ?? defaults.TopK,
            TopP = arguments.GetValue(_topP) ?? defaults.TopP,
        };
    }
}
