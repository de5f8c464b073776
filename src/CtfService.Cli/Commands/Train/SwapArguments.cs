using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;

namespace CtfService.Cli.Commands.Train;

/// <summary>Options of the commands that swap tokens within clusters: the images to swap in.</summary>
internal sealed class SwapArguments
{
    private readonly Option<string?> _data;
    private readonly Option<int?> _imageSize = TrainingArguments.ImageSizeOption();
    private readonly Option<int> _maxPixels = MaxPixelsOption.Create();

    /// <param name="needsData">True if the command requires images.</param>
    public SwapArguments(bool needsData) => _data = new("--data") { Description = TrainingArguments.DataDescription, Required = needsData };

    public Option<int> ImageCount { get; } = CommandOption.Number(
        "--images", "Test images to use, evenly spaced over the test split.", 192, TrainingRanges.Images);

    /// <summary>Where images are encoded and decoded, and how.</summary>
    public ComputeOptions Compute { get; } = new("VQ encode and decode", usesBfloat16: false);

    public void AddTo(Command command)
    {
        command.Options.Add(_data);
        command.Options.Add(_imageSize);
        command.Options.Add(_maxPixels);
        command.Options.Add(ImageCount);
        Compute.AddTo(command);
    }

    /// <summary>Returns what is wrong with the size of the images; null if the tokenizer accepts it, or there are no images.</summary>
    public string? SideProblem(ParseResult arguments, string tokenizerPath, TokenizerConfig tokenizer) =>
        arguments.GetValue(_data) is null ? null : tokenizer.SideProblem("--image-size", ImageSize(arguments, tokenizerPath, _ => { }));

    public bool HasData(CommandResult result) => result.GetValue(_data) is not null;

    /// <param name="tokenizerPath">File with the size of the images if the arguments do not set it.</param>
    public ImageDataset Images(ParseResult arguments, string tokenizerPath, Terminal terminal, CancellationToken cancellation)
    {
        var imageSize = ImageSize(arguments, tokenizerPath, terminal.Error.WriteLine);
        return ImageDatasetReader.Open(arguments.GetRequiredValue(_data)!, imageSize, "test", arguments.GetValue(_maxPixels), cancellation)
            .ReportSkipped(terminal);
    }

    private int ImageSize(ParseResult arguments, string tokenizerPath, Action<string> note) =>
        new RunValidator(note).ImageSize(tokenizerPath, arguments.GetValue(_imageSize), TrainingArguments.UsualImageSize);
}
