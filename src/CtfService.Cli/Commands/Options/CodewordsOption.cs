using System.CommandLine;

namespace CtfService.Cli.Commands.Options;

/// <summary>Option <c>--codewords</c> of the commands that read a published tokenizer: no weight tells whether it scales codewords to unit length.</summary>
internal static class CodewordsOption
{
    private const string Unit = "unit";

    public static Option<string> Create() => CommandOption.Choice(
        "--codewords",
        "How the tokenizer compares codewords: 'unit' scales them to unit length, as LlamaGen's published tokenizers do; 'stored' does not:",
        [Unit, "stored"],
        Unit);

    /// <summary>Returns true if latents and codewords are scaled to unit length.</summary>
    public static bool IsUnit(ParseResult arguments, Option<string> option) => arguments.GetValue(option) == Unit;
}
