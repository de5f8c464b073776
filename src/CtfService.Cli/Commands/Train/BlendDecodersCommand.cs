using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Shell;
using CtfService.Training.Optimization;
using CtfService.Training.Tokenizer;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf blend-decoders</c>: interpolates between two refined decoders.</summary>
internal static class BlendDecodersCommand
{
    public static Command Create(Terminal terminal)
    {
        var first = CommandOption.Required("--first", "Tokenizer file with one decoder, such as runs/mine/decoder/tokenizer.safetensors.");
        var second = CommandOption.Required("--second", "File of the same tokenizer with the other decoder.");
        var share = CommandOption.Number("--share", "Share of the second decoder: 0 gives the first, 1 the second.", 0.5, TrainingRanges.Share);
        var output = CommandOption.Required("--output", "File for the result.");
        var overwrite = OverwriteOption.Create();
        var command = new Command("blend-decoders", "Blends two decoders of one tokenizer weight by weight, such as a faithful one and a sharp one.")
        {
            first, second, share, output, overwrite,
        };
        command.SetAction((arguments, _) =>
        {
            var path = OutputPath.File(output.Name, arguments.GetRequiredValue(output));
            OverwriteOption.RequireFree(output.Name, path, arguments.GetValue(overwrite));
            DecoderBlend.Write(arguments.GetRequiredValue(first), arguments.GetRequiredValue(second), arguments.GetValue(share), path);
            terminal.Error.WriteLine($"Saved {path}.");
        });
        return command;
    }
}
