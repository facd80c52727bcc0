using System.Collections.Frozen;

namespace Pipeline.Transcribe.Minutes;

/// <summary>How people speak English in meetings. <see cref="Phrase"/> says how phrases are written.</summary>
internal static partial class EnglishRules
{
    private static FrozenSet<string> Set(string words) => words.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    private static readonly WordClasses Classes = new(
        Adverbs: Set("just also definitely probably then gladly happily certainly quickly personally still really maybe perhaps actually now simply " +
            "first later soon all please kindly try to both"),
        Doing: Set("add announce arrange ask assign book bring build buy call cancel change chase check circulate clean clear close collect complete " +
            "confirm contact copy cover create delete deliver deploy discuss document double-check draft drive email estimate file fill find finish fix " +
            "follow forward gather get handle install interview investigate invite look mail make measure merge message monitor move notify order " +
            "organise organize pay phone pick ping plan post prepare present press print publish put raise reach record register remind remove " +
            "renew repair replace report request research reserve reset return review rewrite run schedule send set settle ship sign sort speak " +
            "submit summarise summarize take talk tell test text track train transfer translate update upgrade upload verify write"));

    private static PhraseSet Phrases(params string[] phrases) => new(Classes, phrases);

    public static LanguageRules Rules { get; } = new()
    {
        StopWords = Set("a about above actually after again all almost already also although always am an and another any anybody anyone anything are around " +
            "as at back basically be because been before being believe best better between bit both but by bye call came can come could day days did do " +
            "does doing done down each either else end enough even ever every everybody everyone everything exactly far few fine first for from get gets " +
            "getting give given go goes going gone good got great guess guys had half has have having he hello her here hers hey hi him his how however i " +
            "idea if in into is it its just keep kind know last later least less let like little long look looks lot made make makes many may maybe me " +
            "mean meeting meetings might mine minute minutes month more morning most much must my need needs never new next nice no nobody none not " +
            "nothing now of off oh okay ok on once one ones only or other our ours out over own people perfect perhaps please point pretty probably put " +
            "quite rather really remember right said same saw say saying says second see seem seems seen shall she should since so some somebody " +
            "someone something sorry sort soon still stuff such sure take taken talk tell than thank thanks that the their them then there these they " +
            "thing things think this those though thought three through time to today together told tomorrow too two under until up us use used very want " +
            "wants was way we week weeks well went were what whatever when where whether which while who whole why will with without wonder work works would " +
            "yeah year years yep yes yesterday yet you your yours monday tuesday wednesday thursday friday saturday sunday"),
        Fillers = Set("um uh uhm er erm eh hm hmm mm mhm ah oh"),
        Abbreviations = Set("mr mrs ms dr prof st no vs approx e.g i.e etc jr sr inc"),
        ClauseOpeners = Set("and but so then because or okay ok alright right yeah yes yep sure well great good fine perfect cool now actually also no thanks " +
            "lovely nice amazing absolutely certainly definitely true agreed excellent sweet awesome however otherwise anyway"),
        Contractions = Contracted,
        Endings = [("n't", "not"), ("'ll", "will"), ("'re", "are"), ("'ve", "have"), ("'d", "would"), ("'m", "am"), ("'s", "")],
        SentenceOpeners = Phrases("i will|can|could|have|would|think|am|need|do", "we will|are|should|need|have|can|could", "you can|could|should|need|have",
            "they are|will|said|have", "okay|alright", "let us|me", "can|could|would|will you|we|i", "do|did|are|is we|you|they|it|i", "who|why|how|where is|are|will|was|can",
            "what about|is|are|do|if|happened", "thank|thanks"),
        Continuing = Set("that if when because and but so or while than as what who which where why how think thinks guess know knows say says said hope believe " +
            "suppose mean sure until before after unless whether to the a an okay alright well then just all will can could would should do did are is was " +
            "not with for of in on at about yeah yes no um maybe since though whatever"),
        QuestionOpeners = Phrases("^who|what|when|where|why|how|which|whose", "^do|does|did|are|is|was|were|have|has|can|could|will|would|should|shall we|you|they|it|he|she|i|the|there|that|this|anyone|anybody"),
        WordsThatAreNames = Set("will mark may bill grant rich art june april august grace hope joy faith rose ruby dawn summer drew frank chase pat sue rob"),
        Titles = Set("mr mrs ms miss dr doctor prof professor sir madam father sister tante uncle aunt"),

        Commitments = Phrases("^i ~ will ~", "^i ~ shall ~", "^i am ~ going to ~", "^i think|guess|suppose i ~ will ~", "^i promise i will ~", "^i will go ahead and ~",
            "^i ~ have|need|got to ~", "^i have got to ~", "^i ~ must ~", "^i am about to ~", "^i plan|intend to ~", "^i am planning to|on ~",
            "^let me get back to|with", "^let me look|dig into", "^let me ~ follow up", "^let me take|handle|draft|organise|organize", "^let me find out", "^let me check with"),
        DatedCommitments = Phrases("^i am ~"),
        Offers = Phrases("^i can ~", "^i could ~", "^i would|am be? ~ happy|glad to ~", "^should|shall|can|could|may i ~", "^i do not mind"),
        Requests = Phrases("^can|could|would|will you guys? ~", "^would|do you mind", "^would|could|is it be? possible for you to ~", "^do you want to ~", "^are you able to ~",
            "^would you be willing|able|happy|up to|for ~", "^can|could|may i|we ~ get|have your", "^any chance you can|could ~", "^i wonder|was if you could ~", "^might you ~"),
        Orders = Phrases("^please ~", "^you ~ need|have|got|ought to ~", "^you have got to ~", "^you ~ must ~", "^you ~ should ~", "^make sure to|that|you ~",
            "^do not forget to", "^remember to", "^be sure to", "^i need|want you to ~", "^i would like|need|want you to ~", "^your guys|team|people|side need|needs|have|has to ~"),
        Imperatives = Phrases("^@do"),
        AfterName = Phrases("will|shall ~", "is|are going to ~", "has|needs|have|need to ~", "from|in|at * will ~", "can ~ take", "is to"),
        NameAndSpeaker = Phrases("and i will ~", "and i are going to ~", "and myself will ~"),
        OwnerlessNeeds = Phrases("^somebody|someone ~ has|needs|ought to ~", "^somebody|someone ~ should|must ~", "^one of us ~ has|needs|ought|should|must to? ~", "^action item", "^the action is to?"),
        Needs = Phrases("^we ~ need|have|got|ought to ~", "^we have got to ~", "^we ~ must ~", "^we ~ should|could ~"),
        Calls = Phrases("^who ~ can|could|will|would|wants|is to? going? to? ~", "^who would like to", "^can|could|will|would|should somebody|someone|anyone|anybody ~",
            "^can|could|will|would|should one of us|you ~", "^could we ~"),
        Acceptances = Phrases("^i ~ will ~ do|take|handle|have|cover|manage|own|arrange|sort it|that|this|them|those|these|one|so", "^i am on it|that|this", "^i have got that|it|this|them $",
            "^i got it|that|this $", "^leave it|that|this to|with me", "^will do", "^i can ~ do|take|handle|cover|manage it|that|this|them|those", "^on it $", "^consider it done",
            "^i am going to ~ do|take|handle it|that|this|them|so", "^i am happy to $", "^happy to $", "^i will $", "^i can $", "^i would yes", "^i would $", "^i will ~ take care of it|that|this|them", "^i would be happy to $",
            "^mine $", "^with pleasure"),
        PointingRequests = Phrases("^can|could|will|would you ~ do|handle|take|manage|cover|arrange|own it|that|this|them|those", "^is that|this|it something you|for you", "^are you okay|happy|fine to|with|doing"),
        Promises = Phrases("^you will ~ have|get|see it|them|that|this|one|something", "^they|he|she will ~ have|get it|them|that|this|one|something", "^give me until|till", "^i should have something|it|that|this|them|one",
            "^i will ~ have that|it|this|them|something|one", "^it will ~ be ready|done|there|finished|out|with", "^expect it|them|that"),
        NeededBy = Phrases("need|needs|want|wants it|them|that|this", "need|needs|needed by|before|no", "is|are due", "deadline is"),
        Pointers = Phrases("it|that|this|them|those|these|one"),
        NoTask = NoTaskPhrases,
        NoRequest = NoRequestPhrases,
        Reported = Phrases("he|she|they|it|everyone|everybody said|says|say|told|promised|asked|wrote|thinks|thought|reckons|claims|mentioned", "i said|told|thought|heard|promised|mentioned|wrote",
            "told|tells|promised|asked|wrote me|us|them|him|her", "said|says|heard|promised that?"),
        Conditions = Phrases("if", "unless", "assuming", "supposing", "suppose", "imagine", "in case", "let us say|assume|imagine|suppose", "provided that?", "as long as"),
        PoliteConditions = Phrases("if that is|would", "if you like|want|prefer|wish|agree|are", "if it is|helps|works", "if okay|needed|possible|necessary", "if no|nobody|there", "if i can|may|get|find"),
        Withdrawals = Phrases("^forget it|that|about", "^never mind", "^scratch that", "^strike that", "^no need", "^do not bother", "^do not worry about", "^leave it $", "^on second thought|thoughts",
            "you do not have|need to", "^not necessary", "that is not necessary|needed", "^ignore that", "^i take that back"),
        AlreadyDone = Phrases("is already|currently @ing", "has already", "already did|has|have|done"),

        Agreements = AgreementPhrases,
        StrongAgreements = StrongAgreementPhrases,
        Refusals = Phrases("^i can not", "^i will not", "^not me", "^i am not going to", "^i would rather not", "^no way", "^no i", "^no that|we|you|he|she|they|do", "^no $", "^i am afraid", "^not yet", "^sorry i", "^i do not have time|capacity", "^that is not my|mine"),
        Objections = ObjectionPhrases,
        Deferrals = Phrases("^let us ~ park", "come back to it|that|this", "offline", "postpone", "leave that|it|this for|until", "not going to settle|decide", "decide that|it|this ~ closer|later|another|next",
            "let us wait", "revisit", "another time|day", "park that|it|this", "think about it", "not decide", "table that|it|this", "put that|it|this off"),
        NonAnswers = NonAnswerPhrases,
        Backchannels = Phrases("^okay|right|yeah|hm|well|so|good|fair|true $", "^i see $", "^good question", "^that is a good"),

        Decided = DecidedPhrases,
        Settled = SettledPhrases,
        Polls = Phrases("^everyone|everybody|all okay|happy|good|fine|agreed|with", "^any|no objections", "^all|everyone in favour|favor", "^are|is everyone|everybody|we|you all? okay|happy|good|fine|agreed", "^does that work", "^is that okay|fine|right|good", "^okay with|for"),
        NotDecided = NotDecidedPhrases,
        Closings = Phrases("^okay|ok|alright|so|good|fine|great|perfect|cool|then|right|well|very|excellent|agreed|lovely", "all right", "then $", "that is settled", "in that case"),
        Resolutions = ResolutionPhrases,
        NoResolution = NoResolutionPhrases,
        Proposals = ProposalPhrases,
        NoQuestion = NoQuestionPhrases,
        IndirectQuestions = Phrases("wants|want|asked|asking|wondering|wonder to? know? who|whether|when|how|which", "^the question is", "^open question", "do not know ~ yet? who|whether|when|how|which|if|where", "not clear ~ who|whether|when|how|which",
            "need|have to ~ find out|figure who|whether|when|how|which|if|out", "remains open", "still open"),

        TopicCues = Phrases("^let us ~ move|go|get on|over to", "^moving on to?", "^the|our first|second|third|fourth|fifth|next|last|final item|topic|point|thing on? the? agenda? is?", "^first|next|last of all", "^item|topic|number one|two|three|four|five|six",
            "^on to the", "^on another subject|topic|note", "^one more|other|last thing", "^let us ~ start|begin with", "^let us talk|speak about", "^we have|got|need to? ~ talk about", "^as for", "^turning to", "^next up"),
        TitleEdges = Set("a an the is are was of to on in for with and or about our your my we i it that this there at by from be not next first second third fourth fifth last let us do more other final new up"),
    };
}
