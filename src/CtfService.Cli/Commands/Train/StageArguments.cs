using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Shell;
using CtfService.Model.Layers;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Train;

/// <summary>The options of a stage's transformer: its size, by name or by numbers, and what it drops in training.</summary>
internal sealed class StageArguments
{
    private readonly Option<string?> _size = CommandOption.OptionalChoice(
        "--size", "A published size, instead of --width, --layers and --heads:", PublishedTransformers.ShortNames);

    private readonly Option<int> _width = CommandOption.Number(
        "--width", "Width of the transformer, a multiple of 4 times the heads.", 256, ArchitectureRanges.Width);

    private readonly Option<int> _layers = CommandOption.Number("--layers", "Number of blocks.", 6, ArchitectureRanges.Layers);
    private readonly Option<int> _heads = CommandOption.Number("--heads", "Attention heads.", 8, ArchitectureRanges.Width);
    private readonly Option<double> _dropout = CommandOption.Number(
        "--dropout", "Share of activations that are dropped in training.", TrainingOptions.UsualDropout, TrainingRanges.Dropout);

    private readonly Option<double> _classDropout = CommandOption.Number(
        "--class-dropout",
        "Share of the images that are trained without their class, for guidance.",
        TrainingOptions.UsualDropout,
        TrainingRanges.Dropout);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _size, _width, _layers, _heads, _dropout, _classDropout })
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(_size) is null or { Implicit: true })
            {
                return;
            }

            foreach (var number in new[] { _width, _layers, _heads }.Where(number => result.GetResult(number) is { Implicit: false }))
            {
                result.AddError($"--size defines the whole size, and {number.Name} a part of it: use only one of them.");
            }
        });
    }

    /// <exception cref="UsageException">The numbers do not make a transformer.</exception>
    public TransformerSize Size(ParseResult arguments)
    {
        var size = arguments.GetValue(_size) is { } name
            ? PublishedTransformers.Find(name)!
            : new TransformerSize(arguments.GetValue(_width), arguments.GetValue(_layers), arguments.GetValue(_heads));
        UsageException.ThrowIfAny(size.Problems(part => $"--{part}"));
        return size;
    }

    /// <summary>Returns the options with those of the command line.</summary>
    public TrainingOptions Apply(ParseResult arguments, TrainingOptions options) => options with
    {
        Dropout = arguments.GetValue(_dropout),
        ClassDropout = arguments.GetValue(_classDropout),
    };
}
