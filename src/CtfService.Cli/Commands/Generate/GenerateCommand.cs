using System.CommandLine;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Generate;

/// <summary><c>ctf generate</c>: generates images with a bundle, without HTTP.</summary>
internal static class GenerateCommand
{
    public static Command Create(Terminal terminal)
    {
        var options = new GenerateOptions();
        var command = new Command("generate", "Generates images with a bundle; prints one line of JSON per image.");
        options.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            var bundle = options.Images.Bundle.Folder(arguments);
            if (options.From(arguments) is { Count: > 0 } files)
            {
                var (device, dtype) = options.Images.TypedPlacement(arguments);
                var reproduction = new Reproduction(terminal, bundle, device, dtype, arguments.GetValue(options.Images.Overwrite))
                {
                    MaxWindow = options.Images.MaxWindow(arguments),
                };
                var originals = new OriginalPictures(options.Originals(arguments));
                return reproduction.Run(files, originals, arguments.GetRequiredValue(options.Images.Output), cancellation);
            }

            new NewImages(terminal, options.Images, arguments).Draw(bundle, LayoutSource.Drawn, cancellation);
            return true;
        });
        return command;
    }
}
