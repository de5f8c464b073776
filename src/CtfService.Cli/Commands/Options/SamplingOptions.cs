using System.CommandLine;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>How both stages sample, with the names of the API's fields. What is not given is the bundle's default.</summary>
internal sealed class SamplingOptions
{
    private readonly StageOptions _coarse = new("--", "coarse", "labels");
    private readonly StageOptions _fine = new("--fine-", "fine", "tokens of the cluster");

    /// <summary>Every option, to add to a command.</summary>
    public IReadOnlyList<Option> All => [.. _coarse.All, .. _fine.All];

    /// <summary>Of the coarse stage.</summary>
    public SamplingSettings Coarse(ParseResult arguments, SamplingSettings otherwise) => _coarse.Read(arguments, otherwise);

    /// <summary>Of the fine stage.</summary>
    public SamplingSettings Fine(ParseResult arguments, SamplingSettings otherwise) => _fine.Read(arguments, otherwise);

    private sealed class StageOptions(string prefix, string stage, string choices)
    {
        private const string Otherwise = "the bundle's default if not given.";

        private readonly Option<float?> _guidance = CommandOption.OptionalNumber(
            $"{prefix}guidance-scale", $"Guidance of the {stage} stage, 1 is off; {Otherwise}", SamplingSettings.GuidanceScaleRange);

        private readonly Option<float?> _temperature = CommandOption.OptionalNumber(
            $"{prefix}temperature", $"Temperature of the {stage} stage; {Otherwise}", SamplingSettings.TemperatureRange);

        private readonly Option<int?> _topK = CommandOption.OptionalNumber(
            $"{prefix}top-k", $"Sample among this many of the likeliest {choices}, 0 for all; {Otherwise}", SamplingSettings.TopKRange);

        private readonly Option<float?> _topP = CommandOption.OptionalNumber(
            $"{prefix}top-p", $"Sample among the likeliest {choices} that make up this probability, 1 for all; {Otherwise}", SamplingSettings.TopPRange);

        public IReadOnlyList<Option> All => [_guidance, _temperature, _topK, _topP];

        public SamplingSettings Read(ParseResult arguments, SamplingSettings otherwise) => otherwise with
        {
            GuidanceScale = arguments.GetValue(_guidance) ?? otherwise.GuidanceScale,
            Temperature = arguments.GetValue(_temperature) ?? otherwise.Temperature,
            TopK = arguments.GetValue(_topK) ?? otherwise.TopK,
            TopP = arguments.GetValue(_topP) ?? otherwise.TopP,
        };
    }
}
